import type { Deps } from '../platform/deps.ts';
import { fileKey } from './chart-address.ts';
import { deleteExpiredCharts, deletePastCosts, readExpiredCharts } from './chart-store.ts';

/** Charts of one run and of one deletion; what is left the next run takes. */
const MAX_CHARTS = 50;
const TOGETHER = 25;
/** Nothing is begun later in a run. */
const RUN_MS = 5_000;
/** A chart is gone for readers when its time is over; what may be drawing just then has ended long before this. */
const GRACE_MS = 5 * 60_000;
const FORMATS = ['png', 'svg', 'pdf'] as const;

/**
 * Scheduled: deletes charts whose time is over or that were taken back, files first and then rows, so that a run which ends
 * in between leaves nothing behind that nobody knows of: the next one finds the rows and deletes what is left. The row of one
 * that was taken back stays. Also forgets what was spent on days past.
 */
export async function pruneCharts({ db, media, clock }: Deps): Promise<void> {
  const startMs = clock.nowMs();
  await deletePastCosts(db, startMs);
  const beforeMs = startMs - GRACE_MS;
  const expired = await readExpiredCharts(db, beforeMs, MAX_CHARTS);
  for (let i = 0; i < expired.length && clock.nowMs() - startMs < RUN_MS; i += TOGETHER) {
    const digests = expired.slice(i, i + TOGETHER);
    await media.delete(digests.flatMap((digest) => FORMATS.map((format) => fileKey({ digest, format }))));
    await deleteExpiredCharts(db, digests, beforeMs);
  }
}
