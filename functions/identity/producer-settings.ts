import { z } from '@hono/zod-openapi';
import type { Database } from '../platform/database.ts';
import { problem } from '../platform/problem.ts';
import { listInstruments } from './instrument-store.ts';

/** What may be set on a producer, when it is made and later. */
export const producerSettings = {
  name: z.string().trim().min(1).max(100),
  instruments: z
    .array(z.string().regex(/^[A-Z0-9_.]{2,20}$/))
    .min(1)
    .max(200),
  dedup_window_seconds: z.number().int().min(10).max(3600),
  max_age_seconds: z.number().int().min(1).max(604_800),
  rate_per_minute: z.number().int().min(1).max(100_000),
};

/** Throws 422 with a pointer for every instrument that is not an enabled one. */
export async function requireEnabled(db: Database, symbols: readonly string[]): Promise<void> {
  const known = new Set((await listInstruments(db)).filter((i) => i.enabled).map((i) => i.symbol));
  const errors = symbols.flatMap((symbol, i) =>
    known.has(symbol) ? [] : [{ pointer: `/instruments/${i}`, detail: 'is not an enabled instrument' }],
  );
  if (errors.length > 0) throw problem('invalid-body', { errors });
}
