/**
 * Who draws which file of a chart. Invariant: of all that ask at once one is given the lease, and nobody else before it ends
 * or is given up; whoever was overtaken in between changes nothing. A lease outlasts any drawing several times over, so that
 * a second one begins only where the first has died.
 */
import { sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import type { ChartFormat } from './render-chart.ts';

/** How long a drawing may take before it is taken for dead. */
export const DRAWING_MS = 30_000;

export type Drawing = { digest: string; format: ChartFormat; fence: number };
/** `busy`: somebody draws it. `bytes`: how large it became when it was last drawn, if ever. */
export type DrawingClaim = { kind: 'mine'; drawing: Drawing; bytes: number | null } | { kind: 'busy' };

/** Takes the lease where it is free. The chart must be catalogued. */
export async function claimDrawing(
  db: Database,
  of: { digest: string; format: ChartFormat },
  nowMs: number,
): Promise<DrawingClaim> {
  const [row] = await db.run(sql`INSERT INTO chart_drawings (digest, format, fence, drawing_until)
    SELECT digest, ${of.format}, 1, ${isoTime(nowMs + DRAWING_MS)}::timestamptz FROM charts WHERE digest = ${of.digest}
    ON CONFLICT (digest, format) DO UPDATE SET fence = chart_drawings.fence + 1, drawing_until = excluded.drawing_until
    WHERE chart_drawings.drawing_until <= ${isoTime(nowMs)}::timestamptz RETURNING fence, bytes`);
  if (row === undefined) return { kind: 'busy' };
  const bytes = row['bytes'] === null ? null : Number(row['bytes']);
  return { kind: 'mine', drawing: { ...of, fence: Number(row['fence']) }, bytes };
}

/** Gives the lease up, for the next from `freeMs` on: the file is there and so large, or `bytes` is null. */
export async function endDrawing(
  db: Database,
  { digest, format, fence }: Drawing,
  bytes: number | null,
  freeMs: number,
): Promise<void> {
  await db.run(sql`UPDATE chart_drawings SET drawing_until = ${isoTime(freeMs)}::timestamptz,
      bytes = coalesce(${bytes}::int, bytes)
    WHERE digest = ${digest} AND format = ${format} AND fence = ${fence}::int`);
}
