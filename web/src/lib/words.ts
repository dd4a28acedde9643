/** Words for the actions of the audit and of grants. */
import { isMessageKey, t } from "./t";

/** What an action word means in the language of the page; the bare word where no text is known. */
export function actionWord(action: string): string {
  const key = `word.${action.replace(":", "_")}`;
  return isMessageKey(key) ? t(key) : action;
}

/** What a role is called. */
export function roleWord(role: string): string {
  const key = `identity.role.${role}`;
  return isMessageKey(key) ? t(key) : role;
}

/** A word of a sentence as it stands alone in a list or a field: its first letter large. */
export function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
