/** Takes entries out with their proof, as a file that the browser saves. */
import { send } from "$lib/api";

/** Asks for the export, hands it to the browser, and gives the name it is saved by. */
export async function exportAudit(body: Record<string, unknown>): Promise<string> {
  const response = await send("/api/audit/export", { method: "POST", body });
  const named = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "");
  const name = named?.[1] ?? "audit.zip";
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to save by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  return name;
}
