/** Puts the units into the room's page. */
import { slots } from "../incidents/slots.svelte";
import IncidentUnits from "./IncidentUnits.svelte";

slots.units = IncidentUnits;
