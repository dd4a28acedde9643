/** Saves the picture on screen, with the watermark and the frame's own time burnt in. */
import { cameraNumber, fullTime, zoneName } from "$lib/format";
import { stamp } from "./words";

/** What is written on a saved picture. */
export interface PictureFacts {
  readonly number: number;
  readonly name: string;
  /** Capture time of the frame. */
  readonly at: number;
  readonly watermark: string;
  readonly note: string;
}

/** Draws the frame with its facts; null when there is no frame. */
export function drawPicture(source: HTMLVideoElement | HTMLCanvasElement, facts: PictureFacts): HTMLCanvasElement | null {
  const width = source instanceof HTMLVideoElement ? source.videoWidth : source.width;
  const height = source instanceof HTMLVideoElement ? source.videoHeight : source.height;
  if (width === 0 || height === 0) return null;
  const bar = Math.max(24, Math.round(height * 0.06));
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height + bar;
  const pen = canvas.getContext("2d");
  if (pen === null) return null;
  pen.drawImage(source, 0, 0, width, height);
  drawWatermark(pen, width, height, facts.watermark);
  pen.fillStyle = "#07090b";
  pen.fillRect(0, height, width, bar);
  pen.fillStyle = "#e9eef2";
  pen.textBaseline = "middle";
  pen.font = `${Math.round(bar * 0.5)}px "Plex Mono", monospace`;
  pen.fillText(`${cameraNumber(facts.number)}  ${facts.name}`, bar * 0.4, height + bar / 2, width * 0.5);
  pen.textAlign = "right";
  pen.fillText(`${facts.note}${fullTime(facts.at)}`, width - bar * 0.4, height + bar / 2, width * 0.45);
  return canvas;
}

function drawWatermark(pen: CanvasRenderingContext2D, width: number, height: number, text: string): void {
  pen.save();
  pen.globalAlpha = 0.16;
  pen.fillStyle = "#fff";
  pen.textAlign = "center";
  pen.font = `500 ${Math.max(12, Math.round(width / 32))}px "Plex Mono", monospace`;
  pen.translate(width / 2, height / 2);
  pen.rotate((-14 * Math.PI) / 180);
  for (const y of [-height * 0.28, 0, height * 0.28]) pen.fillText(text, 0, y);
  pen.restore();
}

/** Hands the picture to the person as a file. */
export async function savePicture(source: HTMLVideoElement | HTMLCanvasElement, facts: PictureFacts): Promise<boolean> {
  const canvas = drawPicture(source, facts);
  if (canvas === null) return false;
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  if (blob === null) return false;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${cameraNumber(facts.number)}-${stamp(facts.at, zoneName()).replace(/[ :.]/g, "-")}.jpg`;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return true;
}
