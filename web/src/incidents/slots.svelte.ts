/** Parts of the room's page that other parts of the product fill, where they are there. */
import type { Component } from "svelte";
import type { CallForm } from "./form.svelte";

class Slots {
  /** Above the form: the call that is being taken. */
  call = $state.raw<Component<{ form: CallForm }> | null>(null);
  /** Above the incidents: stations that keep too little free. */
  cover = $state.raw<Component | null>(null);
  /** In an incident: units, whom to send, how far they are. */
  units = $state.raw<Component<{ incident: string }> | null>(null);
}

export const slots = new Slots();
