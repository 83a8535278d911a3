/**
 * Everything that an order depends on, in one statement: the account and its settings, the symbol as the last valid
 * snapshot stated it, what stands and works at the broker, and commands that no snapshot can have shown yet.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Candle } from '../market/candle.ts';
import { storedMarketSettings } from '../market/market-guard-settings.ts';
import { GAP_BARS, GAP_TIMEFRAME } from '../market/price-gap.ts';
import { storedSpreads } from '../market/spread-watch.ts';
import type { Database, Row } from '../platform/database.ts';
import { Big, plain, sum } from '../platform/decimal.ts';
import { rowTime } from '../platform/page.ts';
import { statusCode } from '../signals/signal-status.ts';
import { accountOf, STANDING_COLUMNS } from './account-store.ts';
import type { ApprovedTerms } from './approved-terms.ts';
import { enters } from './command-store.ts';
import type { EntryFacts } from './entry-order.ts';
import { type Exposed, exposureOf } from './exposure.ts';
import type { MarketWatch } from './market-watch.ts';
import { epochIn, NEXT_NUMBER } from './restore-epoch-store.ts';
import type { TradingFacts } from './sized-entry.ts';
import type { Stake } from './stake.ts';
import { STAKE_COLUMN } from './stake-store.ts';
import { symbolSpecification } from './symbol-specification.ts';

type Held = { side: 'buy' | 'sell'; symbol: string; volume: string };
type OnTheWay = Held & { margin_per_lot: string | null };

/**
 * Columns for `tradingFactsOf`, over an account `a` and a signal `s`. A command whose end is open counts beside what the
 * snapshot holds, however old it is; one that acted counts until a snapshot of half a minute later, which must show it, or
 * until the position that its order opened is there with all its volume: rather twice than not at all.
 */
export const TRADING_COLUMNS: SQL = sql`a.*, coalesce(a.symbols->>s.instrument, s.instrument) AS broker_symbol,
  (SELECT y.spec FROM account_symbols y
    WHERE y.account_id = a.id AND y.symbol = coalesce(a.symbols->>s.instrument, s.instrument)) AS spec,
  (SELECT jsonb_build_object('buy', y.pending_buy::text, 'sell', y.pending_sell::text) FROM account_symbols y
    WHERE y.account_id = a.id AND y.symbol = coalesce(a.symbols->>s.instrument, s.instrument)) AS pending,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('side', p.side, 'symbol', p.symbol, 'volume', p.volume::text)), '[]')
    FROM positions p WHERE p.account_id = a.id) AS held,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('side', split_part(c.instruction->'order'->>'type', '_', 1),
      'symbol', c.symbol, 'volume', c.instruction->'order'->>'volume', 'margin_per_lot', (SELECT y.spec->>'margin_per_lot'
        FROM account_symbols y WHERE y.account_id = a.id AND y.symbol = c.symbol))), '[]')
    FROM commands c WHERE c.account_id = a.id AND ${enters('c')}
      AND (c.state IN ('created', 'sent', 'unknown') OR c.state IN ('done', 'partial', 'placed')
        AND coalesce(c.resolved_at, c.sent_at) + interval '30 seconds' >= coalesce(a.snapshot_at, '-infinity')
        AND NOT EXISTS (SELECT 1 FROM positions p WHERE p.account_id = a.id AND p.identifier = c.order_ticket
          AND p.volume >= (c.instruction->'order'->>'volume')::numeric))
  ) AS on_their_way,
  EXISTS (SELECT 1 FROM divergences v WHERE v.account_id = a.id AND v.status = 'open'
    AND (v.code = 'DIRECTION_MISMATCH' OR v.code = 'ORPHAN_OWN'
      -- Whoever raised the restore epoch has judged what the epochs before it left behind.
      AND ${epochIn(sql`(v.evidence->>'magic')::bigint`)} >= (SELECT magic_epoch FROM deployment))
    AND v.evidence->>'symbol' = coalesce(a.symbols->>s.instrument, s.instrument)) AS quarantined,
  -- Weighed only where somebody limits it: each symbol's specification, and what works in it.
  CASE WHEN a.max_exposure_percent IS NOT NULL THEN (SELECT coalesce(jsonb_object_agg(y.symbol, jsonb_build_object('spec', y.spec,
      'pending', (y.pending_buy + y.pending_sell)::text)), '{}') FROM account_symbols y WHERE y.account_id = a.id) END AS markets,
  ${STAKE_COLUMN}`;

/** The facts of a row with those columns. */
export function tradingFactsOf(row: Row): TradingFacts {
  const symbol = String(row['broker_symbol']);
  const account = accountOf(row);
  const held = row['held'] as Held[];
  const onTheirWay = row['on_their_way'] as OnTheWay[];
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
    marginOnTheWay: marginOf(onTheirWay),
    exposure: weighed([...held, ...onTheirWay], row['markets'] as Markets | null),
    stake: row['stake'] as Stake,
    quarantined: row['quarantined'] === true,
  };
}

type Markets = Readonly<Record<string, { spec: unknown; pending: string }>>;

function weighed(exposed: readonly Exposed[], markets: Markets | null): string | null {
  if (markets === null) return null;
  const all = Object.entries(markets);
  const working = all.map(([symbol, { pending }]) => ({ symbol, volume: pending }));
  return exposureOf(
    [...exposed, ...working],
    Object.fromEntries(all.map(([name, { spec }]) => [name, spec])),
  );
}

/** Of an order that will only work at first too: it may fill at any moment. */
function marginOf(commands: readonly OnTheWay[]): string | null {
  if (commands.some((c) => c.margin_per_lot === null)) return null;
  return sum(commands.map((c) => plain(new Big(c.margin_per_lot ?? 0).times(c.volume))));
}

export type ApprovalFacts = Omit<EntryFacts, 'limits'> & {
  signalId: string;
  namespace: number;
  /** Of its command; never given twice. */
  commandNumber: bigint;
  /** How many times commands were made for the account when this was read. */
  ordersMade: bigint;
  /** How many daily-loss rules its guard has in force. */
  dailyRules: number;
};

/** What is known of the market of a broker's symbol beside its specification, over an account `a` and a signal `s`. */
const WATCH_COLUMNS: SQL = sql`g.settings->'market' AS market_settings,
  CASE WHEN coalesce(g.settings->>'mode', 'armed') = 'armed' THEN jsonb_array_length(coalesce(g.settings->'daily_rules', '[]'))
    ELSE 0 END AS daily_rules,
  (SELECT y.spreads FROM account_symbols y
    WHERE y.account_id = a.id AND y.symbol = coalesce(a.symbols->>s.instrument, s.instrument)) AS spreads,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('timeMs', (extract(epoch FROM b.time) * 1000)::bigint, 'open', b.open::text,
      'high', b.high::text, 'low', b.low::text, 'close', b.close::text, 'volume', b.volume::text) ORDER BY b.time), '[]')
    FROM (SELECT c.* FROM candles c WHERE c.account_id = a.id AND c.symbol = coalesce(a.symbols->>s.instrument, s.instrument)
        AND c.timeframe = ${GAP_TIMEFRAME} ORDER BY c.time DESC LIMIT ${GAP_BARS}) AS b) AS bars`;

const watchOf = (row: Row): MarketWatch => ({
  settings: storedMarketSettings(row['market_settings']),
  spreads: storedSpreads(row['spreads']),
  bars: row['bars'] as Candle[],
});

/**
 * What an approval's execution depends on, and the next command number; null where nothing is left to decide: it has its
 * command, its close was opened, or its delivery is not approved any more (refused, cancelled).
 */
export async function readEntryFacts(db: Database, approvalId: string): Promise<ApprovalFacts | null> {
  const [row] =
    await db.run(sql`SELECT ${TRADING_COLUMNS}, q.terms, q.signal_id, q.created_at AS approved_at, s.instrument, s.stale, s.expires_at,
      s.order_expires_at, s.status AS signal_status, d.magic_namespace, ${STANDING_COLUMNS},
      ${NEXT_NUMBER} AS command_number, ${WATCH_COLUMNS}
    FROM approvals q JOIN accounts a ON a.id = q.account_id JOIN signals s ON s.id = q.signal_id
    JOIN deliveries v ON v.signal_id = q.signal_id AND v.user_id = q.user_id
    CROSS JOIN deployment d LEFT JOIN bridge_contacts c ON c.bridge_id = a.bridge_id
    LEFT JOIN guards g ON g.account_id = a.id
    WHERE q.id = ${approvalId}::uuid AND q.decision = 1 AND v.status = ${statusCode('approved')}
      AND NOT EXISTS (SELECT 1 FROM commands m WHERE m.approval_id = q.id)
      AND NOT EXISTS (SELECT 1 FROM exits x WHERE x.approval_id = q.id)`);
  if (row === undefined) return null;
  return {
    ...tradingFactsOf(row),
    watch: watchOf(row),
    dailyRules: Number(row['daily_rules']),
    deployment: { halted: row['deployment_halted'] === true, epochBehind: row['epoch_behind'] === true },
    approvedMs: rowTime(row, 'approved_at'),
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
