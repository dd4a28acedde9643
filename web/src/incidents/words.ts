/** Words of incidents, in the language of the page. */
import { language } from "$lib/language.svelte";
import { isMessageKey, t } from "$lib/t";
import type { Card, Incident, LogEvent, Said } from "./types";

function word(key: string, otherwise: string): string {
  return isMessageKey(key) ? t(key) : otherwise;
}

export const said = (text: Said): string => text[language.current] || text["en"] || (Object.values(text)[0] ?? "");
export const stateWord = (state: string): string => word(`incidents.state_${state}`, state);
export const priorityWord = (priority: number): string => word(`incidents.priority_${priority}`, String(priority));
export const outcomeWord = (outcome: string): string => word(`incidents.outcome_${outcome}`, outcome);
export const sourceWord = (source: string): string => word(`incidents.source_${source}`, source);

/** Last six digits, as lists show a number. */
export function shortNumber(value: string | null): string {
  return value === null ? "-" : value.slice(-6);
}

/** What happened: the card's name, else the caller's words. */
export function eventWord(incident: Pick<Incident, "event">, card: Card | undefined): string {
  if (card !== undefined) return said(card.name);
  return incident.event === "" ? t("incidents.no_event") : incident.event;
}

/** Where: the chosen place, else the area. */
export function placeWord(incident: Pick<Incident, "address" | "area">): string {
  return [incident.address, incident.area].filter((part) => part !== "").join(", ") || t("incidents.no_place");
}

/** What another centre calls the incident: the word of its urn that people say, else all of it. */
export function theirNumber(reference: string): string {
  return /^urn:emergency:uid:incidentid:([^:]+):/.exec(reference)?.[1] ?? reference;
}

/** A row of the log in one sentence. */
export function logWord(event: Pick<LogEvent, "kind" | "detail" | "reason">): string {
  const main = word(`incidents.log_${event.kind}`, event.kind);
  const { detail } = event;
  const more: string[] = [];
  if (typeof detail["disposition"] === "string") more.push(outcomeWord(detail["disposition"]));
  if (event.kind === "received" && typeof detail["from"] === "string") more.push(detail["from"]);
  if (event.kind.startsWith("handover_") && typeof detail["to"] === "string") more.push(detail["to"]);
  if (typeof detail["number"] === "string") more.push(detail["number"]);
  if (typeof detail["short"] === "string") more.push(detail["short"]);
  if (event.kind === "progressed" && typeof detail["state"] === "string") more.push(stateWord(detail["state"]));
  if (event.kind === "replaced" && typeof detail["value"] === "string") more.push(detail["value"]);
  if (event.reason !== "") more.push(event.reason);
  return more.length === 0 ? main : `${main}: ${more.join(", ")}`;
}

/** What sort of event a card is of; a word of a newer product stays as it is. */
export function familyWord(family: string): string {
  const key = `cards.family_${family}`;
  return isMessageKey(key) ? t(key) : family;
}

/** Which kind of agency is answerable; a word that the city set up itself stays as it is. */
export function leadWord(lead: string): string {
  const key = `cards.lead_${lead}`;
  return isMessageKey(key) ? t(key) : lead;
}
