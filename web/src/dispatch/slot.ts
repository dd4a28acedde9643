/** Puts the units, and what stations keep free, into the room's page. */
import { slots } from "../incidents/slots.svelte";
import CoverStrip from "./CoverStrip.svelte";
import IncidentUnits from "./IncidentUnits.svelte";

slots.units = IncidentUnits;
slots.cover = CoverStrip;
