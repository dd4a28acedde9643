/** The agent's microphone: asked for once, kept for the shift, and got back when it is pulled out. */

/** Why there is no microphone, as the page tells it. */
export type MicrophoneProblem = "denied" | "missing" | "busy";

/** What a headset in a loud room needs. The server gets the voice alone. */
const VOICE: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

const PROBLEMS: Readonly<Record<string, MicrophoneProblem>> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
};

/** What a failure of `getUserMedia` means. */
export function problemOf(failed: unknown): MicrophoneProblem {
  const name = failed instanceof Error || failed instanceof DOMException ? failed.name : "";
  return PROBLEMS[name] ?? "busy";
}

/** Opens a microphone; one that was chosen and is gone is replaced by the system's own. */
export async function openMicrophone(deviceId: string): Promise<MediaStream> {
  const ask = (audio: MediaTrackConstraints) => navigator.mediaDevices.getUserMedia({ audio });
  if (deviceId === "") return ask(VOICE);
  try {
    return await ask({ ...VOICE, deviceId: { exact: deviceId } });
  } catch (failed) {
    if (problemOf(failed) !== "missing") throw failed;
    return ask(VOICE);
  }
}

export interface Device {
  readonly id: string;
  readonly name: string;
}

/** Microphones and loudspeakers that there are; they have names once the microphone was allowed. */
export async function listDevices(): Promise<{ microphones: Device[]; speakers: Device[] }> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: MediaDeviceKind): Device[] =>
    all.filter((one) => one.kind === kind).map((one) => ({ id: one.deviceId, name: one.label }));
  return { microphones: of("audioinput"), speakers: of("audiooutput") };
}
