/** Lets the phone page open without network, where the browser can: over HTTPS, or on this machine. */

/** Starts the worker of the phone page, and asks the browser not to throw away what is kept. */
export async function keepPage(): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("/worker.js", { scope: "/tugas" });
    await navigator.storage.persist();
  } catch {
    // Without it the page works as any other: with network.
  }
}
