/**
 * Pictures at hand in an isolate, the most recently asked for last. Invariants: never more than `maxBytes` in `maxEntries`;
 * what is under a name never changes, so nothing here is ever stale (whether it may be seen is asked elsewhere).
 */
export type Picture = { bytes: Uint8Array<ArrayBuffer>; alt: string };

export type PictureShelf = {
  /** The picture of this name, which so becomes the last to go; undefined where it is not at hand. */
  take(name: string): Picture | undefined;
  /** Puts a picture there; one that is larger than a quarter of all is not worth the others. */
  put(name: string, picture: Picture): void;
};

/** Makes an empty shelf; sizes are bytes and numbers of pictures. */
export function createPictureShelf({
  maxBytes,
  maxEntries,
}: {
  maxBytes: number;
  maxEntries: number;
}): PictureShelf {
  const held = new Map<string, Picture>();
  let bytes = 0;
  const drop = (name: string): void => {
    bytes -= held.get(name)?.bytes.length ?? 0;
    held.delete(name);
  };
  return {
    take(name) {
      const found = held.get(name);
      if (found === undefined) return undefined;
      held.delete(name);
      held.set(name, found);
      return found;
    },
    put(name, picture) {
      if (picture.bytes.length > maxBytes / 4) return;
      drop(name);
      held.set(name, picture);
      bytes += picture.bytes.length;
      for (const oldest of held.keys()) {
        if (bytes <= maxBytes && held.size <= maxEntries) return;
        drop(oldest);
      }
    },
  };
}
