/**
 * The way to a picture: at hand in the isolate, else in object storage, else drawn. Of all requests of an isolate for one
 * picture one goes that way and the others wait for what it brings; they look for it in memory and never wait for another
 * request's promise, which on Workers may be gone with that request.
 */
import type { Deps } from '../platform/deps.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import { problem } from '../platform/problem.ts';
import { type ChartFile, fileKey } from './chart-address.ts';
import { MEDIA_CACHE_HITS } from './chart-metrics.ts';
import { UNKEPT } from './draw-chart.ts';
import { type DrawnPicture, drawChartOnce } from './draw-chart-once.ts';
import { createPictureShelf, type Picture, type PictureShelf } from './picture-shelf.ts';

/** Of the 128 MB that all requests of an isolate have together. */
const SHELF = { maxBytes: 8 * 1024 * 1024, maxEntries: 200 };
/** Longer than the one that goes may be held up. */
const PAUSES_MS = [15, 25, 40, 80, 160, 320, 640, 1_000, 1_500, 2_000];
/** A request that went for so long is taken for ended by its runtime. */
const GONE_MS = 6_000;
const MAX_ENDED = 1_000;

type Isolate = {
  shelf: PictureShelf;
  /** Since when somebody is on the way. */
  going: Map<string, number>;
  /** How the last way ended, under a number that tells before from after; `error` undefined: well. */
  ended: Map<string, { order: number; error?: unknown }>;
  order: number;
};
/** One for the one storage of an isolate. */
const isolates = new WeakMap<ObjectStore, Isolate>();

function isolateOf(media: ObjectStore): Isolate {
  const known = isolates.get(media);
  if (known !== undefined) return known;
  const made = { shelf: createPictureShelf(SHELF), going: new Map(), ended: new Map(), order: 0 };
  isolates.set(media, made);
  return made;
}

/**
 * The picture of a file. `admit` judges whether it may be drawn, and gives the words about it; it throws what the reader is
 * told otherwise, and is not asked for what is stored. Throws 503 with Retry-After where all this takes too long.
 */
export async function fetchPicture(
  deps: Deps,
  file: Pick<ChartFile, 'digest' | 'format'>,
  admit: () => Promise<string>,
): Promise<Picture> {
  const isolate = isolateOf(deps.media);
  const name = fileKey(file);
  isolate.order += 1;
  const { order } = isolate;
  const hit = (picture: Picture): Picture => {
    deps.metrics.count(MEDIA_CACHE_HITS, [file.format]);
    return picture;
  };
  for (const pauseMs of [0, ...PAUSES_MS]) {
    if (pauseMs > 0) await deps.clock.sleep(pauseMs);
    const held = isolate.shelf.take(name);
    if (held !== undefined) return hit(held);
    const since = isolate.going.get(name);
    const ended = isolate.ended.get(name);
    const endedSince = ended !== undefined && ended.order > order;
    if (endedSince && 'error' in ended) throw ended.error;
    if (endedSince || since === undefined || deps.clock.nowMs() - since > GONE_MS) {
      const { picture, drawn } = await goFor(deps, isolate, file, admit);
      return drawn ? picture : hit(picture);
    }
  }
  const detail = 'the picture is being drawn';
  throw problem('unavailable', { detail }, { ...UNKEPT, 'retry-after': '2' });
}

async function goFor(
  deps: Deps,
  isolate: Isolate,
  file: Pick<ChartFile, 'digest' | 'format'>,
  admit: () => Promise<string>,
): Promise<DrawnPicture> {
  const name = fileKey(file);
  const end = (how: { error?: unknown }): void => {
    isolate.order += 1;
    if (isolate.ended.size >= MAX_ENDED) isolate.ended.clear();
    isolate.ended.set(name, { ...how, order: isolate.order });
  };
  isolate.going.set(name, deps.clock.nowMs());
  try {
    const stored = await deps.media.get(name);
    const found: DrawnPicture =
      stored === null
        ? await drawChartOnce(deps, file, await admit())
        : { picture: { bytes: stored.body, alt: stored.alt }, drawn: false };
    isolate.shelf.put(name, found.picture);
    end({});
    return found;
  } catch (error) {
    end({ error });
    throw error;
  } finally {
    isolate.going.delete(name);
  }
}
