import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../functions/platform/database.ts';
import type { Outbound } from '../../functions/platform/outbound.ts';
import { countingCalls } from '../../functions/platform/upstream-calls.ts';

const db: Database = { run: async () => [{ one: 1 }], batch: async () => [[{ two: 2 }]] };
const outbound: Outbound = async () => ({ kind: 'failed', effect: 'none', word: 'blocked' });
const request = { url: 'https://bridge.example', headers: {}, body: '', timeoutMs: 1, maxBytes: 1 };

describe('calls', () => {
  it('are counted for the one request they are made for, and answered as without counting', async () => {
    const [mine, other] = [countingCalls(db, outbound), countingCalls(db, outbound)];
    expect(await mine.db.run(sql`SELECT 1`)).toEqual([{ one: 1 }]);
    expect(await mine.db.batch([sql`SELECT 1`, sql`SELECT 2`])).toEqual([[{ two: 2 }]]);
    expect(await mine.outbound(request)).toEqual({ kind: 'failed', effect: 'none', word: 'blocked' });
    expect(mine.calls).toEqual({ database: 2, outbound: 1 });
    expect(other.calls).toEqual({ database: 0, outbound: 0 });
  });
});
