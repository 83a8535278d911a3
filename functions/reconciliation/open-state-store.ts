/**
 * What stands open at the broker as a snapshot shows it, as parts of the statement that applies a plan: rows of the account
 * `acc` that it has just updated.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import type { Account } from '../execution/account-store.ts';
import { equityPoint } from '../ledger/equity-point-store.ts';
import { RECENT, spreadSample, USUAL } from '../market/spread-watch.ts';
import { isoTime } from '../platform/clock.ts';
import { sum } from '../platform/decimal.ts';
import { sqlArray } from '../platform/sql-array.ts';

/**
 * Positions and symbols take the place of those that stood there; positions that are not there any more go. What the account
 * was worth is kept beside.
 */
export function openState(account: Account, snapshot: Snapshot): SQL {
  const identifiers = snapshot.positions.map((p) => p.identifier);
  return sql`pos AS (${positionUpsert(snapshot)}), sym AS (${symbolUpsert(account, snapshot)}),
    unnamed AS (${unnamedSymbols(snapshot)}), gone AS (
      DELETE FROM positions USING acc WHERE positions.account_id = acc.id
        AND NOT positions.identifier = ANY(${sqlArray('text', identifiers)})),
    worth AS (${equityPoint({ ...snapshot.account, atMs: snapshot.captured_at })})`;
}

function positionUpsert(s: Snapshot) {
  const rows = s.positions.map((p) => ({ ...p, opened: isoTime(p.time) }));
  return sql`INSERT INTO positions (account_id, identifier, ticket, symbol, side, volume, price_open, price_current,
      stop_loss, take_profit, swap, profit, magic, comment, opened_at, snapshot_at)
    SELECT acc.id, x.identifier, x.ticket, x.symbol, x.type, x.volume, x.price_open, x.price_current, x.sl, x.tp, x.swap,
      x.profit, x.magic, x.comment, x.opened, ${isoTime(s.captured_at)}::timestamptz
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(identifier text, ticket text, symbol text, type text,
      volume numeric, price_open numeric, price_current numeric, sl numeric, tp numeric, swap numeric, profit numeric,
      magic text, comment text, opened timestamptz)
    ON CONFLICT (account_id, identifier) DO UPDATE SET ticket = excluded.ticket, side = excluded.side,
      volume = excluded.volume, price_open = excluded.price_open, price_current = excluded.price_current,
      stop_loss = excluded.stop_loss, take_profit = excluded.take_profit, swap = excluded.swap,
      profit = excluded.profit, magic = excluded.magic, comment = excluded.comment, opened_at = excluded.opened_at,
      snapshot_at = excluded.snapshot_at`;
}

/** On the clock of the capture, so that a broker's clock that is held or goes wrong makes no quote old. */
const quotedMs = (s: Snapshot, brokerMs: number): number =>
  Math.min(s.captured_at, s.captured_at - ((s.server_now ?? s.captured_at) - brokerMs));

/**
 * Symbols that signals may be about: those of our instruments, by the names that this account's broker has for them; and what
 * stands or works there in any other, so that it can be weighed and closed.
 */
function symbolUpsert(account: Account, s: Snapshot) {
  const working = workingLots(s);
  const rows = s.symbols.map((spec) => {
    const quotedAtMs = quotedMs(s, spec.time);
    const { buy = '0', sell = '0' } = working.get(spec.symbol) ?? {};
    const sample = spreadSample({ ...spec, quotedMs: quotedAtMs }, s.captured_at);
    const spreads = sample === null ? {} : { recent: [sample], usual: [sample] };
    return { symbol: spec.symbol, spec: { ...spec, quoted_at: isoTime(quotedAtMs) }, buy, sell, spreads };
  });
  const held = [...s.positions, ...s.orders].map((x) => x.symbol);
  return sql`INSERT INTO account_symbols (account_id, symbol, spec, pending_buy, pending_sell, spreads, snapshot_at)
    SELECT acc.id, x.symbol, x.spec, x.buy, x.sell, x.spreads, ${isoTime(s.captured_at)}::timestamptz
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(symbol text, spec jsonb, buy numeric, sell numeric,
      spreads jsonb)
    WHERE x.symbol IN (SELECT coalesce(${JSON.stringify(account.settings.symbols)}::jsonb->>i.symbol, i.symbol)
      FROM instruments i) OR ${JSON.stringify(held)}::jsonb ? x.symbol
    ON CONFLICT (account_id, symbol) DO UPDATE SET spec = excluded.spec, pending_buy = excluded.pending_buy,
      pending_sell = excluded.pending_sell, spreads = ${grownSpreads}, snapshot_at = excluded.snapshot_at`;
}

/** Lots of working orders by symbol and side. */
function workingLots(s: Snapshot): Map<string, { buy: string; sell: string }> {
  const lots = (orders: Snapshot['orders'], side: string) =>
    sum(orders.filter((o) => o.type.startsWith(side)).map((o) => o.volume_current));
  const bySymbol = [...Map.groupBy(s.orders, (o) => o.symbol)];
  return new Map(
    bySymbol.map(([symbol, orders]) => [symbol, { buy: lots(orders, 'buy'), sell: lots(orders, 'sell') }]),
  );
}

/** A symbol that the snapshot does not name any more has the working orders that the snapshot shows, and mostly none. */
function unnamedSymbols(s: Snapshot): SQL {
  const named = JSON.stringify(s.symbols.map((y) => y.symbol));
  const working = JSON.stringify(Object.fromEntries(workingLots(s)));
  const lots = (side: string) => sql`coalesce((${working}::jsonb->y.symbol->>${side}::text)::numeric, 0)`;
  return sql`UPDATE account_symbols y SET pending_buy = ${lots('buy')}, pending_sell = ${lots('sell')}
    FROM acc WHERE y.account_id = acc.id AND NOT ${named}::jsonb ? y.symbol
      AND (y.pending_buy, y.pending_sell) IS DISTINCT FROM (${lots('buy')}, ${lots('sell')})`;
}

/** A series of samples with the one of this snapshot, unless it comes too soon after the last; the oldest goes. */
const grown = (series: 'recent' | 'usual', { count, apartMs }: { count: number; apartMs: number }): SQL => {
  const [stored, added] = [
    sql`account_symbols.spreads->${series}::text`,
    sql`excluded.spreads->${series}::text`,
  ];
  return sql`CASE WHEN (${stored}->-1->>0)::bigint + ${apartMs}::int > (${added}->0->>0)::bigint THEN ${stored}
    WHEN jsonb_array_length(${stored}) >= ${count}::int THEN (${stored}) - 0 || (${added})
    ELSE coalesce(${stored}, '[]') || (${added}) END`;
};
const grownSpreads = sql`CASE WHEN excluded.spreads = '{}' THEN account_symbols.spreads
  ELSE jsonb_build_object('recent', ${grown('recent', RECENT)}, 'usual', ${grown('usual', USUAL)}) END`;
