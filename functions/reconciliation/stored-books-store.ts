/** Reading what is stored beside the ledger (`stored-books.ts`): one statement of the batch that reads the state. */
import { type SQL, sql } from 'drizzle-orm';
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { timestampMs } from '../platform/clock.ts';
import type { Row } from '../platform/database.ts';
import { sqlArray } from '../platform/sql-array.ts';
import type { StoredBooks, StoredCommand, StoredDivergence, StoredPosition } from './stored-books.ts';

/** As `commandComment` makes them: under a namespace of ours a lost number may still be told by it. */
const OWN_COMMENT = /^cs[0-9a-f]{10,12}/;
/** A cancellation or a stop explains what is seen some time after it. */
const EXPLAINS = sql`interval '1 day'`;

const ms = (time: SQL): SQL => sql`(extract(epoch FROM ${time}) * 1000)::bigint`;

/** SELECT of one row for `booksOf`, where there is such an account. */
export function storedBooks(accountId: string, s: Snapshot): SQL {
  const rows = [...s.positions, ...s.deals, ...s.orders, ...s.history_orders];
  const numbers = new Set(rows.map((x) => BigInt(x.magic) >> 4n));
  const comments = new Set(rows.flatMap((x) => OWN_COMMENT.exec(x.comment)?.[0] ?? []));
  const ended = new Set(s.history_orders.map((o) => o.ticket));
  const shown = new Set(s.positions.map((p) => p.identifier));
  return sql`SELECT a.bound_at, (SELECT coalesce(jsonb_agg(jsonb_build_object('identifier', p.identifier, 'ticket', p.ticket,
        'volume', p.volume::text, 'stopLoss', p.stop_loss::text, 'takeProfit', p.take_profit::text, 'swap', p.swap::text)), '[]')
      FROM positions p WHERE p.account_id = a.id) AS shown,
    (SELECT coalesce(jsonb_agg(o.ticket || '/' || o.state), '[]') FROM broker_orders o
      WHERE o.account_id = a.id AND o.ticket = ANY(${sqlArray('text', ended)})) AS ended,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'kind', c.kind, 'state', c.state, 'magic', c.magic::text,
        'comment', c.comment, 'symbol', c.symbol, 'signalId', c.signal_id, 'orderTicket', c.order_ticket,
        'askedPrice', coalesce(c.instruction->'order'->>'price', f.terms->>'price'), 'targetId', c.target_id,
        'pre', coalesce(c.instruction->'pre', '{}'), 'order', coalesce(c.instruction->'order', '{}'))), '[]')
      FROM commands c LEFT JOIN approvals f ON f.id = c.approval_id
      WHERE c.account_id = a.id AND c.reason IS DISTINCT FROM 'magic_in_use'
        AND (c.magic >> 4 = ANY(${sqlArray('bigint', numbers)})
        OR c.position_id = ANY(${sqlArray('text', shown)}) OR left(c.comment, 12) = ANY(${sqlArray('text', comments)})
        OR c.kind IN ('cancel', 'modify_sltp') AND (c.state IN ('created', 'sent', 'unknown')
          OR c.updated_at > coalesce(a.snapshot_at, c.updated_at) - ${EXPLAINS}))) AS commands,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('code', v.code, 'brokerKey', v.broker_key, 'status', v.status,
        'detectedMs', ${ms(sql`v.detected_at`)})), '[]')
      FROM divergences v WHERE v.account_id = a.id AND (v.status = 'open' OR v.seen_at >= a.snapshot_at)) AS divergences,
    (a.booked - a.credited)::text AS ledger_balance,
    (SELECT coalesce(jsonb_object_agg(i.symbol, coalesce(a.symbols->>i.symbol, i.symbol)), '{}') FROM instruments i)
      AS instruments
    FROM accounts a WHERE a.id = ${accountId}::uuid`;
}

/** The books of such a row. */
export const booksOf = (row: Row): StoredBooks => ({
  boundMs: row['bound_at'] === null ? null : timestampMs(String(row['bound_at'])),
  positions: row['shown'] as StoredPosition[],
  endedOrders: new Set(row['ended'] as string[]),
  commands: row['commands'] as StoredCommand[],
  divergences: row['divergences'] as StoredDivergence[],
  ledgerBalance: String(row['ledger_balance']),
  instruments: row['instruments'] as Record<string, string>,
});
