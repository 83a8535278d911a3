/**
 * What the figures of an account are made of, in one round trip. Legs come as one text per column and not as rows: a
 * hundred thousand of them are read in a fraction of the time and memory, already in the order of their closes.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from '../platform/clock.ts';
import type { Database, Row } from '../platform/database.ts';
import { plain } from '../platform/decimal.ts';
import { rowTime } from '../platform/page.ts';
import type { BookedDeal } from './arrived-flows.ts';
import { dealClass } from './deal-class.ts';
import { bookedDeals, DEAL_MONEY, LATEST_VERSION } from './deal-store.ts';
import {
  bookedInOrder,
  bookedInOrderOf,
  columnOf,
  equitySeries,
  equitySeriesOf,
  type Window,
  within,
} from './equity-series-store.ts';
import { unitsOf } from './exact-money.ts';
import type { LegSums, TalliedLeg } from './leg-tally.ts';
import type { Booking, EquityPoint } from './nav-series.ts';
import type { Flow } from './statement-figures.ts';

/** Legs of one answer; a longer history is asked for in parts. What a Worker has room for, several times over. */
export const MAX_LEGS = 250_000;

export type PerformanceAccount = {
  id: string;
  userId: string;
  currency: string | null;
  unverifiedMs: number | null;
  /** When its equity was first and last kept; null: never. */
  equityMs: { first: number; last: number } | null;
};

/** The account of this id, or a user's only one where none is named; null where there is none, or several. */
export async function readPerformanceAccount(
  db: Database,
  of: { accountId: string | null; userId: string },
): Promise<PerformanceAccount | null> {
  const which =
    of.accountId === null ? sql`a.user_id = ${of.userId}::uuid` : sql`a.id = ${of.accountId}::uuid`;
  const [row, other] = await db.run(
    sql`SELECT a.id, a.user_id, a.currency, a.unverified_at, e.first_at, e.last_at FROM accounts a CROSS JOIN LATERAL (SELECT
        min(e.at) AS first_at, max(e.at) AS last_at FROM equity_points e WHERE e.account_id = a.id) e WHERE ${which} LIMIT 2`,
  );
  if (row === undefined || other !== undefined) return null;
  return {
    id: String(row['id']),
    userId: String(row['user_id']),
    currency: row['currency'] === null ? null : String(row['currency']),
    unverifiedMs: row['unverified_at'] === null ? null : rowTime(row, 'unverified_at'),
    equityMs:
      row['first_at'] === null ? null : { first: rowTime(row, 'first_at'), last: rowTime(row, 'last_at') },
  };
}

export type Source = 'bot' | 'manual';
export type LegQuery = Window & { accountId: string; source: Source | null };
export type SourcedLeg = TalliedLeg & { source: Source };
export type Legs = {
  /** In close order; null where there are more than `MAX_LEGS`. */
  legs: SourcedLeg[] | null;
  parts: { profit: string; swap: string; commission: string; fee: string };
};
export type PerformanceFacts = Legs & {
  /** Points moved by the trades that ended with the last of these legs; null where none is known. */
  pips: string | null;
  /** Cash flows up to the end of what was asked for, those of before its beginning too. */
  flows: Flow[];
  /** Charges and incomes of the account that no trade has, in what was asked for. */
  costs: Booking[];
  points: EquityPoint[];
  /** All deals in the order of their tickets; none where points held what was told with them (`equitySamples`). */
  booked: BookedDeal[];
  /** The balance where what was asked for begins; null where it begins with the account. */
  startBalance: string | null;
};

const legsStatement = (q: LegQuery): SQL => sql`SELECT count(*) AS legs, string_agg(net, ',') AS nets,
    string_agg(coalesce(r, ''), ',') AS rs, string_agg(closed, ',') AS closes, string_agg(held, ',') AS holds,
    string_agg(source, '') AS sources, sum(profit) AS profit, sum(swap) AS swap, sum(commission) AS commission, sum(fee) AS fee
  FROM (SELECT l.net::text AS net, l.r_multiple::text AS r, l.profit, l.swap, l.commission, l.fee, left(l.source, 1) AS source,
      (date_part('epoch', l.closed_at) * 1000)::bigint::text AS closed,
      (date_part('epoch', l.closed_at - l.opened_at) * 1000)::bigint::text AS held
    FROM trade_legs l WHERE l.account_id = ${q.accountId}::uuid AND ${within(sql`l.closed_at`, q)}
      AND ${q.source === null ? sql`true` : sql`l.source = ${q.source}`}
    ORDER BY l.closed_at, length(l.deal_ticket), l.deal_ticket COLLATE "C" LIMIT ${MAX_LEGS + 1}) AS x`;

/** Trades that closed in what was asked for: a trade's points are its own and no leg's. */
const pipsStatement = (q: LegQuery): SQL => sql`SELECT sum(t.pips) AS pips FROM trades t
  WHERE t.account_id = ${q.accountId}::uuid AND ${within(sql`t.closed_at`, q)}
    AND ${q.source === null ? sql`true` : sql`t.source = ${q.source}`}`;

const ownDealsStatement = (
  q: LegQuery,
): SQL => sql`SELECT d.ticket, d.time, d.type, d.entry, d.reason, ${DEAL_MONEY} AS money
  FROM broker_deals d WHERE d.account_id = ${q.accountId}::uuid AND d.position_id = '0' AND ${LATEST_VERSION}
    AND ${within(sql`d.time`, { fromMs: null, toMs: q.toMs })} ORDER BY d.time, d.ticket`;

/** The balance where what was asked for begins. */
const startStatement = (q: LegQuery): SQL =>
  sql`SELECT sum(d.money) AS start FROM (${bookedDeals(sql`d.account_id = ${q.accountId}::uuid
    AND d.time < ${isoTime(q.fromMs ?? 0)}::timestamptz`)}) d`;

const moneyOf = (row: Row | undefined, name: string): string => plain(String(row?.[name] ?? '0'));
const bookingOf = (row: Row): Booking => ({ timeMs: rowTime(row, 'time'), amount: moneyOf(row, 'money') });

function legsOf(row: Row | undefined): Legs {
  const [nets, rs, closes, holds] = ['nets', 'rs', 'closes', 'holds'].map((name) => columnOf(row, name));
  const sources = String(row?.['sources'] ?? '');
  const legs = (nets ?? []).map((net, i): SourcedLeg => {
    const closedMs = Number(closes?.[i]);
    const r = rs?.[i] ?? '';
    return {
      ...{ net, r: r === '' ? null : r, openedMs: closedMs - Number(holds?.[i]), closedMs },
      source: sources[i] === 'b' ? 'bot' : 'manual',
    };
  });
  const part = (name: string) => moneyOf(row, name);
  return {
    legs: legs.length > MAX_LEGS ? null : legs,
    parts: {
      ...{ profit: part('profit'), swap: part('swap'), commission: part('commission'), fee: part('fee') },
    },
  };
}

/** The realised legs of an account, closed from `fromMs` on and before `toMs`. */
export async function readLegs(db: Database, q: LegQuery): Promise<Legs> {
  const [row] = await db.run(legsStatement(q));
  return legsOf(row);
}

/** Everything that the figures of an account are made of. `dayStarts`: when each of its report days begins, in order. */
export async function readPerformance(
  db: Database,
  q: LegQuery,
  dayStarts: readonly number[],
): Promise<PerformanceFacts> {
  const [legs, trades, own = [], points, booked, start] = await db.batch([
    legsStatement(q),
    pipsStatement(q),
    ownDealsStatement(q),
    equitySeries({ ...q, dayStarts }),
    bookedInOrder(q),
    startStatement(q),
  ]);
  const isFlow = (row: Row) =>
    dealClass({ type: String(row['type']), entry: null, reason: String(row['reason']) }) === 'cashflow';
  const pips = trades?.[0]?.['pips'];
  return {
    ...legsOf(legs?.[0]),
    pips: pips === null || pips === undefined ? null : plain(String(pips)),
    flows: own.filter(isFlow).map((row) => ({ ticket: String(row['ticket']), ...bookingOf(row) })),
    costs: own
      .filter((row) => !isFlow(row))
      .map(bookingOf)
      .filter(({ timeMs }) => q.fromMs === null || timeMs >= q.fromMs),
    points: equitySeriesOf(points?.[0]),
    booked: bookedInOrderOf(booked?.[0]),
    startBalance: q.fromMs === null ? null : moneyOf(start?.[0], 'start'),
  };
}

export type StrategySums = { strategy: string | null; source: Source; sums: LegSums };

/** What was realised of an account's trades, added up by the strategy of their signals and by who opened them. */
export async function readStrategies(db: Database, q: LegQuery): Promise<StrategySums[]> {
  const rows =
    await db.run(sql`SELECT l.strategy, l.source, count(*) AS trades, count(*) FILTER (WHERE l.net > 0) AS wins,
      count(*) FILTER (WHERE l.net < 0) AS losses, coalesce(sum(l.net) FILTER (WHERE l.net > 0), 0) AS gain,
      coalesce(sum(l.net) FILTER (WHERE l.net < 0), 0) AS loss, greatest(max(l.net), 0) AS best, least(min(l.net), 0) AS worst,
      coalesce(sum(l.r_multiple), 0) AS r, count(l.r_multiple) AS r_trades
    FROM trade_legs l WHERE l.account_id = ${q.accountId}::uuid AND ${within(sql`l.closed_at`, q)}
      AND ${q.source === null ? sql`true` : sql`l.source = ${q.source}`}
    GROUP BY l.strategy, l.source ORDER BY l.source, l.strategy NULLS LAST`);
  const units = (row: Row, name: string) => unitsOf(moneyOf(row, name));
  return rows.map((row) => ({
    strategy: row['strategy'] === null ? null : String(row['strategy']),
    source: row['source'] === 'bot' ? 'bot' : 'manual',
    sums: {
      ...{ trades: Number(row['trades']), wins: Number(row['wins']), losses: Number(row['losses']) },
      ...{ gain: units(row, 'gain'), loss: units(row, 'loss') },
      ...{ best: units(row, 'best'), worst: units(row, 'worst') },
      ...{ r: Number(row['r']), rTrades: Number(row['r_trades']) },
    },
  }));
}
