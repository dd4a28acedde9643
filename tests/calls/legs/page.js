// The page of the test: a leg, and a tap on what it plays. The microphone is a file, which echo
// control and its like would take for noise.
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = ({ audio }) =>
  ask({ audio: { ...audio, echoCancellation: false, noiseSuppression: false, autoGainControl: false } });

const TAP = `registerProcessor("tap", class extends AudioWorkletProcessor {
  process([input]) { if (input[0]) this.port.postMessage(input[0].slice()); return true; }
})`;

/** Opens a leg by `exchange`, and keeps what is heard in `window.heard` (8 kHz). */
export async function openLeg(AgentLeg, exchange) {
  const audio = new Audio();
  window.states = [];
  window.heard = [];
  const answered = async (offer) => ({ sdp: await exchange(offer), close: () => undefined });
  window.leg = new AgentLeg(audio, answered, { state: (state) => window.states.push(state) });
  await window.leg.start();
  const context = new AudioContext({ sampleRate: 8000 });
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([TAP], { type: "text/javascript" })));
  const tap = new AudioWorkletNode(context, "tap");
  tap.port.onmessage = ({ data }) => window.heard.push(...data);
  while (audio.srcObject === null) await new Promise((done) => setTimeout(done, 10));
  context.createMediaStreamSource(audio.srcObject).connect(tap);
  tap.connect(context.destination);
}
