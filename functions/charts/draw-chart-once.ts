import type { Deps } from '../platform/deps.ts';
import { ProblemError, problem } from '../platform/problem.ts';
import { fileKey } from './chart-address.ts';
import { readChart } from './chart-store.ts';
import { drawChart, tooLarge, UNKEPT } from './draw-chart.ts';
import { claimDrawing, type Drawing, endDrawing } from './drawing-lease-store.ts';
import type { Picture } from './picture-shelf.ts';

/** While somebody else draws it: five seconds in all, as long as a reader may be held up. */
const PAUSES_MS = [40, 80, 160, 320, 640, 1_000, 1_300, 1_500];

/** What failed is not tried again sooner, however many wait for it. */
const FAILED_MS = 2_000;

export type DrawnPicture = { picture: Picture; drawn: boolean };

/**
 * The picture of a catalogued chart that is not stored yet, drawn by exactly one of all that ask: whoever gets the lease.
 * The others wait for what it stores. Throws 503 with Retry-After where that takes too long, 413 for a picture that is too
 * large, and what `drawChart` throws.
 */
export async function drawChartOnce(
  deps: Deps,
  of: Pick<Drawing, 'digest' | 'format'>,
  alt: string,
): Promise<DrawnPicture> {
  for (const pauseMs of [0, ...PAUSES_MS]) {
    if (pauseMs > 0) {
      await deps.clock.sleep(pauseMs);
      const stored = await deps.media.get(fileKey(of));
      if (stored !== null) return { picture: { bytes: stored.body, alt: stored.alt }, drawn: false };
    }
    const claim = await claimDrawing(deps.db, of, deps.clock.nowMs());
    if (claim.kind === 'mine') return drawUnderLease(deps, claim.drawing, claim.bytes, alt);
  }
  const detail = 'the picture is being drawn';
  throw problem('unavailable', { detail }, { ...UNKEPT, 'retry-after': String(FAILED_MS / 1000) });
}

/** `before`: how large it was when it was drawn last; null: it never was. */
async function drawUnderLease(
  deps: Deps,
  drawing: Drawing,
  before: number | null,
  alt: string,
): Promise<DrawnPicture> {
  const limit = deps.config.MEDIA_MAX_BYTES;
  let bytes: number | null = null;
  let pauseMs = 0;
  try {
    if (before !== null && before > limit) throw tooLarge(before, limit);
    // Whoever had the lease before may have stored it since we looked.
    const stored = drawing.fence > 1 ? await deps.media.get(fileKey(drawing)) : null;
    if (stored !== null) return { picture: { bytes: stored.body, alt: stored.alt }, drawn: false };
    const chart = await readChart(deps.db, drawing.digest);
    if (chart === null) throw problem('not-found', {}, UNKEPT);
    const picture = await drawChart(deps, drawing, chart, alt);
    bytes = picture.bytes.length;
    return { picture, drawn: true };
  } catch (e) {
    if (e instanceof ProblemError && typeof e.extra['bytes'] === 'number') bytes = e.extra['bytes'];
    else pauseMs = FAILED_MS;
    throw e;
  } finally {
    // What cannot be given up ends by itself.
    await endDrawing(deps.db, drawing, bytes, deps.clock.nowMs() + pauseMs).catch(() => {});
  }
}
