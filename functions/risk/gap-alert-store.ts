/** Telling people of a gap: once for each bar of an account's symbol. */
import { sql } from 'drizzle-orm';
import type { PriceGap } from '../market/price-gap.ts';
import { alertInsert } from '../platform/alert.ts';
import { isoTime } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import { plain } from '../platform/decimal.ts';

/** Raises the alert of a gap; true where nobody has been told of this bar. `entriesMs`: until when none are taken. */
export async function raiseGap(
  db: Database,
  alert: { id: string; eventId: string; nowMs: number },
  { accountId, symbol, instrument }: { accountId: string; symbol: string; instrument: string },
  { barMs, from, to, bps, kind }: PriceGap,
  entriesMs: number | null,
): Promise<boolean> {
  const told = {
    ...{ instrument, symbol, gap: kind, from: plain(from), to: plain(to), bar: isoTime(barMs) },
    percent: Number((bps / 100).toFixed(2)),
    ...(entriesMs === null ? {} : { no_entries_until: isoTime(entriesMs) }),
  };
  const raised = alertInsert(
    {
      ...{ ...alert, kind: 'market-gap', subjectKind: 'symbol', userId: sql`acc.user_id` },
      ...{ subjectId: `${accountId}/${symbol}`, period: isoTime(barMs) },
      detail: sql`jsonb_build_object('account', acc.name) || ${JSON.stringify(told)}::jsonb`,
    },
    sql`acc`,
  );
  const rows =
    await db.run(sql`WITH acc AS (SELECT user_id, name FROM accounts WHERE id = ${accountId}::uuid),
    ${raised} SELECT id FROM raised`);
  return rows.length === 1;
}
