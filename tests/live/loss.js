// Looks at a camera over WebRTC and loses pictures on purpose: the transform throws encoded frames
// away and then asks for a key frame, as Chromium does when its decoder has lost its footing.
async (camera) => {
  const code = `onrtctransform = ({ transformer }) => {
    const { port } = transformer.options;
    let toLose = 0;
    port.onmessage = ({ data }) => (toLose = data);
    const lose = new TransformStream({
      transform(frame, out) {
        if (toLose === 0 || frame.type === "key") return out.enqueue(frame);
        toLose -= 1;
        if (toLose === 0) void transformer.sendKeyFrameRequest();
      },
    });
    void transformer.readable.pipeThrough(lose).pipeTo(transformer.writable);
  };`;
  const worker = new Worker(URL.createObjectURL(new Blob([code])));
  const { port1, port2 } = new MessageChannel();
  window.lose = (count) => port1.postMessage(count);

  const peer = new RTCPeerConnection();
  const { receiver } = peer.addTransceiver("video", { direction: "recvonly" });
  receiver.transform = new RTCRtpScriptTransform(worker, { port: port2 }, [port2]);
  const video = document.createElement("video");
  video.muted = video.autoplay = true;
  document.body.replaceChildren(video);
  peer.ontrack = ({ track }) => (video.srcObject = new MediaStream([track]));

  window.frames_shown = 0;
  let last = 0;
  let isIncreasing = true;
  const look = (_now, frame) => {
    isIncreasing &&= frame.rtpTimestamp > last;
    last = frame.rtpTimestamp;
    window.frames_shown += 1;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  window.stats = async () => {
    const report = [...(await peer.getStats()).values()].find((one) => one.type === "inbound-rtp");
    return { asked: report.pliCount + report.firCount, keys: report.keyFramesDecoded, isIncreasing };
  };

  await peer.setLocalDescription(await peer.createOffer());
  while (peer.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 20));
  const answer = await fetch(`/api/live/${camera}/whep`, {
    method: "POST",
    headers: { "content-type": "application/sdp", "x-warroom": "1" },
    body: peer.localDescription.sdp,
  });
  await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
};
