/** Edges that a pane wants to be seen on the map: of a jam, or of what is about to be closed. */
class Picked {
  edges = $state.raw<readonly number[]>([]);
}

export const picked = new Picked();
