/** Puts the call into the room's page. */
import { slots } from "../incidents/slots.svelte";
import CallPanel from "./CallPanel.svelte";

slots.call = CallPanel;
