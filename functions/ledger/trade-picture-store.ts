/**
 * Pictures of trades by event: one when a trade opens and one when it closes. Only what happened just now is wished for, so
 * that no history that is read in, page by page or anew, draws thousands of them.
 */
import { type SQL, sql } from 'drizzle-orm';
import { derivedId } from '../platform/ids.ts';
import { wishInsert } from '../platform/picture-wish.ts';
import type { PlannedTrade } from './planned-trade.ts';
import { tradeId } from './trade-book-store.ts';

const FRESH_MS = 15 * 60_000;
/** Of one look at an account; the others are drawn when somebody asks for them. */
const MOST = 3;

/** The part `pictures,` of a statement whose part `acc` is the account; nothing where nothing happened just now. */
export function pictureParts(accountId: string, trades: readonly PlannedTrade[], nowMs: number): SQL {
  const fresh = trades
    .map((t) => ({ t, atMs: t.closedMs ?? t.openedMs }))
    .filter(({ t, atMs }) => t.status !== 'closing_unconfirmed' && Math.abs(nowMs - atMs) < FRESH_MS)
    .sort((a, b) => b.atMs - a.atMs)
    .slice(0, MOST)
    .map(({ t }) => {
      const subject = tradeId(accountId, t);
      return { event: derivedId(subject, `picture of ${t.status}`), subject };
    });
  if (fresh.length === 0) return sql``;
  const rows = sql`SELECT x.event AS event_id, x.subject AS subject_id, acc.user_id
    FROM acc, jsonb_to_recordset(${JSON.stringify(fresh)}::jsonb) AS x(event uuid, subject uuid)`;
  return sql`pictures AS (${wishInsert('trade', rows, nowMs)}), `;
}
