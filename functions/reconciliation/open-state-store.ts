/**
 * What stands open at the broker as a snapshot shows it, as parts of the statement that applies a plan: rows of the account
 * `acc` that it has just updated.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import type { Account } from '../execution/account-store.ts';
import { equityPoint } from '../ledger/equity-point-store.ts';
import { isoTime } from '../platform/clock.ts';
import { sum } from '../platform/decimal.ts';

/**
 * Positions and symbols take the place of those that stood there; positions that are not there any more go. What the account
 * was worth is kept beside.
 */
export function openState(account: Account, snapshot: Snapshot): SQL {
  const identifiers = `{${snapshot.positions.map((p) => p.identifier).join(',')}}`;
  return sql`pos AS (${positionUpsert(snapshot)}), sym AS (${symbolUpsert(account, snapshot)}), gone AS (
      DELETE FROM positions USING acc WHERE positions.account_id = acc.id
        AND NOT positions.identifier = ANY(${identifiers}::text[])),
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

/** Symbols that signals may be about: those of our instruments, by the names that this account's broker has for them. */
function symbolUpsert(account: Account, s: Snapshot) {
  const pending = (symbol: string, side: string) =>
    sum(s.orders.filter((o) => o.symbol === symbol && o.type.startsWith(side)).map((o) => o.volume_current));
  const rows = s.symbols.map((spec) => ({
    symbol: spec.symbol,
    spec: { ...spec, quoted_at: isoTime(quotedMs(s, spec.time)) },
    buy: pending(spec.symbol, 'buy'),
    sell: pending(spec.symbol, 'sell'),
  }));
  return sql`INSERT INTO account_symbols (account_id, symbol, spec, pending_buy, pending_sell, snapshot_at)
    SELECT acc.id, x.symbol, x.spec, x.buy, x.sell, ${isoTime(s.captured_at)}::timestamptz
    FROM acc, jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(symbol text, spec jsonb, buy numeric, sell numeric)
    WHERE x.symbol IN (SELECT coalesce(${JSON.stringify(account.settings.symbols)}::jsonb->>i.symbol, i.symbol)
      FROM instruments i)
    ON CONFLICT (account_id, symbol) DO UPDATE SET spec = excluded.spec, pending_buy = excluded.pending_buy,
      pending_sell = excluded.pending_sell, snapshot_at = excluded.snapshot_at`;
}
