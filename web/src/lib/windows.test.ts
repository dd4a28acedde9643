import { expect, test } from "vitest";
import { paneOf } from "./windows";

const HERE = { pathname: "/dinding", search: "?l=9" };

/** An element inside of others that carry these marks. */
function inside(marks: Record<string, Record<string, string>>): Element {
  return { closest: (selector: string) => (marks[selector] === undefined ? null : { dataset: marks[selector] }) } as unknown as Element;
}

test("a tile opens its camera, in a window of that camera's own", () => {
  const inTile = inside({ "[data-camera]": { camera: "12" } });

  expect(paneOf(inTile, HERE)).toEqual({ address: "/kamera/12", name: "warroom-pane-kamera-12" });
});

test("the panel of the selected camera opens the one window that follows the selection", () => {
  const inPanel = inside({ "[data-camera]": { camera: "7" }, "[data-selected-camera]": { selectedCamera: "7" } });

  expect(paneOf(inPanel, HERE)).toEqual({ address: "/kamera/7", name: "warroom-pane-selected" });
});

test("anything else opens the page as it stands", () => {
  expect(paneOf(null, HERE)).toEqual({ address: "/dinding?l=9", name: "warroom-pane-dinding" });
  expect(paneOf(null, { pathname: "/kamera/12", search: "" }).name).toBe("warroom-pane-kamera-12");
});
