/**
 * Everything that an order depends on, in one statement: the account and its settings, the symbol as the last valid
 * snapshot stated it, what stands and works at the broker, and commands that no snapshot can have shown yet.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Database, Row } from '../platform/database.ts';
import { sum } from '../platform/decimal.ts';
import { rowTime } from '../platform/page.ts';
import { statusCode } from '../signals/signal-status.ts';
import { accountOf, STANDING_COLUMNS } from './account-store.ts';
import type { ApprovedTerms } from './approved-terms.ts';
import type { EntryFacts } from './entry-order.ts';
import { NEXT_NUMBER } from './restore-epoch-store.ts';
import type { OwnPosition, TradingFacts } from './sized-entry.ts';
import { symbolSpecification } from './symbol-specification.ts';

type Held = { side: 'buy' | 'sell'; symbol: string; volume: string };

/**
 * Columns for `tradingFactsOf`, over an account `a` and a signal `s`. A command sent within half a minute before the
 * snapshot, or after it, may not be in it: it counts beside what the snapshot holds, rather twice than not at all.
 */
export const TRADING_COLUMNS: SQL = sql`a.*, coalesce(a.symbols->>s.instrument, s.instrument) AS broker_symbol,
  (SELECT y.spec FROM account_symbols y
    WHERE y.account_id = a.id AND y.symbol = coalesce(a.symbols->>s.instrument, s.instrument)) AS spec,
  (SELECT jsonb_build_object('buy', y.pending_buy::text, 'sell', y.pending_sell::text) FROM account_symbols y
    WHERE y.account_id = a.id AND y.symbol = coalesce(a.symbols->>s.instrument, s.instrument)) AS pending,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('side', p.side, 'symbol', p.symbol, 'volume', p.volume::text)), '[]')
    FROM positions p WHERE p.account_id = a.id) AS held,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('side', split_part(c.instruction->'order'->>'type', '_', 1),
      'symbol', c.symbol, 'volume', c.instruction->'order'->>'volume')), '[]')
    FROM commands c WHERE c.account_id = a.id AND c.kind <> 'close'
      AND c.state NOT IN ('failed', 'expired', 'not_executed', 'ended') AND (c.state = 'created'
        OR coalesce(c.resolved_at, c.sent_at + interval '30 seconds') >= coalesce(a.snapshot_at, '-infinity'))
  ) AS on_their_way,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('identifier', p.identifier, 'ticket', p.ticket, 'symbol', p.symbol,
      'side', p.side, 'volume', p.volume::text) ORDER BY p.opened_at, p.identifier), '[]')
    FROM positions p JOIN trades t ON t.account_id = p.account_id AND t.position_id = p.identifier
      JOIN signals o ON o.id = t.signal_id
    WHERE p.account_id = a.id AND o.producer_id = s.producer_id AND o.instrument = s.instrument) AS own_positions`;

/** The facts of a row with those columns. */
export function tradingFactsOf(row: Row): TradingFacts {
  const symbol = String(row['broker_symbol']);
  const account = accountOf(row);
  const held = row['held'] as Held[];
  const onTheirWay = row['on_their_way'] as Held[];
  const pending = row['pending'] as { buy: string; sell: string } | null;
  const volumeOf = (side: 'buy' | 'sell') =>
    sum([
      pending?.[side] ?? '0',
      ...[...held, ...onTheirWay].filter((h) => h.side === side && h.symbol === symbol).map((h) => h.volume),
    ]);
  return {
    account,
    symbol,
    specification: symbolSpecification(row['spec']),
    exposures: held.length + onTheirWay.length + Number(account.state?.['orders'] ?? 0),
    buyVolume: volumeOf('buy'),
    sellVolume: volumeOf('sell'),
    ownPositions: row['own_positions'] as OwnPosition[],
  };
}

export type ApprovalFacts = EntryFacts & {
  signalId: string;
  namespace: number;
  /** The number of the first command; a close of several positions draws more. */
  commandNumber: bigint;
  /** How many times commands were made for the account when this was read. */
  ordersMade: bigint;
};

/** What an approval's execution depends on, and the next command number; null where it has its command already. */
export async function readEntryFacts(db: Database, approvalId: string): Promise<ApprovalFacts | null> {
  const [row] =
    await db.run(sql`SELECT ${TRADING_COLUMNS}, q.terms, q.signal_id, s.instrument, s.stale, s.expires_at,
      s.order_expires_at, s.status AS signal_status, d.magic_namespace, ${STANDING_COLUMNS},
      ${NEXT_NUMBER} AS command_number
    FROM approvals q JOIN accounts a ON a.id = q.account_id JOIN signals s ON s.id = q.signal_id
    CROSS JOIN deployment d LEFT JOIN bridge_contacts c ON c.bridge_id = a.bridge_id
    WHERE q.id = ${approvalId}::uuid AND q.decision = 1
      AND NOT EXISTS (SELECT 1 FROM commands m WHERE m.approval_id = q.id)`);
  if (row === undefined) return null;
  return {
    ...tradingFactsOf(row),
    deployment: { halted: row['deployment_halted'] === true, epochBehind: row['epoch_behind'] === true },
    signal: {
      instrument: String(row['instrument']),
      stale: row['stale'] === true,
      cancelled: Number(row['signal_status']) === statusCode('cancelled'),
      expiresMs: rowTime(row, 'expires_at'),
      orderExpiresMs: row['order_expires_at'] === null ? null : rowTime(row, 'order_expires_at'),
    },
    terms: row['terms'] as ApprovedTerms,
    signalId: String(row['signal_id']),
    namespace: Number(row['magic_namespace']),
    commandNumber: BigInt(String(row['command_number'])),
    ordersMade: BigInt(String(row['orders_made'])),
  };
}

/** Further numbers for commands, never given twice. */
export async function nextCommandNumbers(db: Database, count: number): Promise<bigint[]> {
  const rows = await db.run(
    sql`SELECT ${NEXT_NUMBER} AS n FROM deployment d CROSS JOIN generate_series(1, ${count}::int)`,
  );
  return rows.map((r) => BigInt(String(r['n'])));
}
