/**
 * The one sound of the browser. Whoever switches sound on takes it from the pane that had it, in
 * this window or another; so never two cameras speak at once. It plays in an element of its own: a
 * microphone that falls silent cannot hold a picture back.
 */
import { SOUND } from "./edge";
import { MsePlayer } from "./mse";

/** Why sound ended without anybody's wish. */
export type SoundEnd = "blocked" | "none" | "unplayable";

/** Something that plays into the element until it is closed. */
export interface SoundSource {
  close(): void;
}

/** What a source tells. */
export interface SoundEvents {
  /** The first of it can be heard. */
  heard(): void;
  /** It cannot go on. */
  ended(why: SoundEnd): void;
}

/** Makes a source that plays into an element. */
export type MakeSound = (element: HTMLVideoElement, events: SoundEvents) => SoundSource;

/** Who may sound, and who does. */
export class OneSound {
  /** The pane that is heard; null while all are silent. */
  owner: object | null = $state.raw(null);
  /** Sound was asked for and has not come yet. */
  starting = $state(false);
  private source: SoundSource | null = null;
  private element: HTMLVideoElement | null = null;

  /** @param others reaches the other windows of this browser. */
  constructor(private readonly others: Pick<BroadcastChannel, "postMessage" | "onmessage"> | null) {
    if (others !== null) others.onmessage = () => this.silence();
  }

  /** Gives the sound to a pane. Call it from a click or a key, or the browser holds it back. */
  give(owner: object, make: MakeSound, onended: (why: SoundEnd) => void): void {
    this.silence();
    this.others?.postMessage("taken");
    this.element ??= document.createElement("video");
    this.owner = owner;
    this.starting = true;
    this.source = make(this.element, {
      heard: () => {
        if (this.owner === owner) this.starting = false;
      },
      ended: (why) => {
        if (this.owner !== owner) return;
        this.silence();
        onended(why);
      },
    });
  }

  /** Ends the sound of a pane, if it is the one that is heard. */
  take(owner: object): void {
    if (this.owner === owner) this.silence();
  }

  private silence(): void {
    const { source } = this;
    this.source = null;
    this.owner = null;
    this.starting = false;
    source?.close();
  }
}

/** The sound of this page. */
export const oneSound = new OneSound(typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("warroom.sound"));

/** Live sound of a camera from the server's socket. */
export function liveSound(url: string): MakeSound {
  return (element, events) => {
    const player = new MsePlayer(
      element,
      () => url,
      {
        refused: () => events.ended("none"),
        unplayable: () => events.ended("unplayable"),
        blocked: () => events.ended("blocked"),
      },
      SOUND,
    );
    const onplaying = (): void => events.heard();
    element.addEventListener("playing", onplaying);
    player.start();
    return {
      close: () => {
        element.removeEventListener("playing", onplaying);
        player.stop();
      },
    };
  };
}
