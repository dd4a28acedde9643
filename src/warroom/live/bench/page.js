// Nine tiles (or fewer) over MSE or WebRTC; the number of each picture is read from its bar and
// noted with the time at which it was shown.
async ({ cameras, way, width, cell, bits }) => {
  const notes = (window.notes = []);
  const problems = (window.problems = []);
  document.body.replaceChildren();
  document.body.style.cssText = "margin:0;display:flex;flex-wrap:wrap;background:#000";
  const sessions = (window.sessions = []);

  function watch(video, camera) {
    const canvas = document.createElement("canvas");
    canvas.width = cell * bits;
    canvas.height = cell;
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    const began = performance.now();
    let shown = 0;
    const look = () => {
      const now = Date.now();
      shown += 1;
      if (shown === 1 || shown % 3 === 0) {
        pen.drawImage(video, 0, 0, cell * bits, cell, 0, 0, cell * bits, cell);
        const row = pen.getImageData(0, cell >> 1, cell * bits, 1).data;
        let number = 0;
        for (let bit = 0; bit < bits; bit++) {
          if (row[(bit * cell + (cell >> 1)) * 4] > 128) number |= 1 << bit;
        }
        notes.push({ camera, number, now, shown, first: performance.now() - began });
      }
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  }

  function tile() {
    const video = document.createElement("video");
    video.muted = video.autoplay = video.playsInline = true;
    video.width = width;
    document.body.append(video);
    return video;
  }

  function mse(video, camera) {
    const source = new MediaSource();
    video.src = URL.createObjectURL(source);
    source.onsourceopen = () => {
      const socket = new WebSocket(`ws://${location.host}/api/live/${camera.id}/mse`);
      socket.binaryType = "arraybuffer";
      sessions.push(() => socket.close());
      let buffer = null;
      let started = false;
      const waiting = [];
      const pump = () => {
        if (buffer && !buffer.updating && waiting.length) buffer.appendBuffer(waiting.shift());
      };
      const follow = () => {
        const ranges = video.buffered;
        if (!ranges.length) return pump();
        const live = ranges.end(ranges.length - 1);
        if (!started) {
          started = true;
          video.currentTime = live - 0.02;
          video.play().catch((error) => problems.push(String(error)));
        } else {
          const behind = live - video.currentTime;
          if (behind > 0.28) video.currentTime = live - 0.03;
          video.playbackRate = behind > 0.13 ? 1.1 : 1;
        }
        if (live - ranges.start(0) > 30 && !buffer.updating) buffer.remove(0, live - 10);
        else pump();
      };
      socket.onmessage = ({ data }) => {
        if (typeof data === "string") {
          const told = JSON.parse(data);
          if (told.type === "init" && !buffer) {
            buffer = source.addSourceBuffer(told.codec);
            buffer.onupdateend = follow;
          } else if (told.type === "refused") problems.push(data);
        } else {
          waiting.push(data);
          pump();
        }
      };
      socket.onerror = () => problems.push(`socket of camera ${camera.number}`);
    };
  }

  async function rtc(video, camera) {
    const peer = new RTCPeerConnection();
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.ontrack = ({ receiver, track }) => {
      receiver.jitterBufferTarget = 0;
      video.srcObject = new MediaStream([track]);
      video.play().catch((error) => problems.push(String(error)));
    };
    sessions.push(() => peer.close());
    await peer.setLocalDescription(await peer.createOffer());
    const answer = await fetch(`/api/live/${camera.id}/whep`, {
      method: "POST",
      headers: { "content-type": "application/sdp", "x-warroom": "1" },
      body: peer.localDescription.sdp,
    });
    const text = await answer.text();
    if (!answer.ok) return problems.push(text);
    await peer.setRemoteDescription({ type: "answer", sdp: text });
  }

  for (const camera of cameras) {
    const video = tile();
    watch(video, camera.number);
    if (way === "mse") mse(video, camera);
    else rtc(video, camera).catch((error) => problems.push(String(error)));
  }
}
