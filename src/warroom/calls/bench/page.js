// Agents' legs in one page, as `web/src/calls/leg.ts` makes them: silent until `window.talk(true)`.
// The first is tapped: pieces of what it plays, each with the place in the tap's own time line and
// the wall clock.
const TAP = `registerProcessor("tap", class extends AudioWorkletProcessor {
  process([input]) {
    this.port.postMessage([currentFrame, Date.now(), input[0] ? input[0].slice() : null]);
    return true;
  }
})`;

const senders = [];
let microphone;

window.openLegs = async (count) => {
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  microphone = await navigator.mediaDevices.getUserMedia({ audio });
  for (let number = 0; number < count; number += 1) await openLeg(number);
};

async function openLeg(number) {
  const peer = new RTCPeerConnection();
  senders.push(peer.addTransceiver("audio", { direction: "sendrecv" }).sender);
  peer.ontrack = ({ track }) => {
    const player = new Audio();
    player.srcObject = new MediaStream([track]);
    void player.play();
    if (number === 0) void tap(player.srcObject);
  };
  await peer.setLocalDescription(await peer.createOffer());
  while (peer.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 5));
  const sdp = await window.exchange(`agent-${number}`, peer.localDescription.sdp);
  await peer.setRemoteDescription({ type: "answer", sdp });
  while (peer.connectionState !== "connected") await new Promise((done) => setTimeout(done, 5));
}

window.talk = async (isTalking) => {
  const track = isTalking ? microphone.getAudioTracks()[0] : null;
  for (const sender of senders) await sender.replaceTrack(track);
};

window.tapped = [];
async function tap(stream) {
  const context = new AudioContext({ sampleRate: 48000 });
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([TAP], { type: "text/javascript" })));
  const node = new AudioWorkletNode(context, "tap");
  node.port.onmessage = ({ data }) => window.tapped.push(data);
  context.createMediaStreamSource(stream).connect(node).connect(context.destination);
}

/** The pieces: [place, wall ms] of each, and all samples as base64 of float32. */
window.takeTap = () => {
  const places = window.tapped.map(([frame, at]) => [frame, at]);
  const samples = new Float32Array(128 * window.tapped.length);
  window.tapped.forEach(([, , piece], number) => piece && samples.set(piece, 128 * number));
  const bytes = new Uint8Array(samples.buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return { places, samples: btoa(text) };
};
