/** What lies over the page: the palette and the list of keys. */

class Overlays {
  palette = $state(false);
  keys = $state(false);
  alarms = $state(false);

  openPalette(): void {
    this.keys = false;
    this.palette = true;
  }

  closePalette(): void {
    this.palette = false;
  }

  toggleKeys(): void {
    this.palette = false;
    this.keys = !this.keys;
  }

  closeKeys(): void {
    this.keys = false;
  }

  toggleAlarms(): void {
    this.alarms = !this.alarms;
  }

  closeAlarms(): void {
    this.alarms = false;
  }
}

export const overlays = new Overlays();
