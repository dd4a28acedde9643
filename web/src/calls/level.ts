/** How loud something is, as a bar from 0 to 1. */

const QUIETEST_DB = -60;

/** The bar of a piece of sound: 0 at -60 dB of full scale and below, 1 at full scale. */
export function barOf(samples: Float32Array): number {
  let power = 0;
  for (const sample of samples) power += sample * sample;
  if (power === 0) return 0;
  const decibel = 10 * Math.log10(power / samples.length);
  return Math.min(1, Math.max(0, 1 - decibel / QUIETEST_DB));
}

/** Measures one stream; nothing is heard through it. */
export class Meter {
  private readonly source: MediaStreamAudioSourceNode;
  private readonly analyser: AnalyserNode;
  private readonly samples: Float32Array<ArrayBuffer>;

  constructor(context: AudioContext, stream: MediaStream) {
    this.source = context.createMediaStreamSource(stream);
    this.analyser = context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.source.connect(this.analyser);
  }

  read(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    return barOf(this.samples);
  }

  stop(): void {
    this.source.disconnect();
  }
}
