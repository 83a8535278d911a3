// What a deposit, a withdrawal and a credit do to the figures of an account: nothing (domain 3.1), whenever their deals are dated
// and told. What a unit became is found here by another way than ours: the broker books its deals in the order of their tickets, so
// that a balance says which of them were in it. Nothing of functions/ is used.
import { Big } from 'big.js';
import type { Json } from '../../../infra/local/api-client.ts';
import type { LedgerDesk } from './ledger-desk.ts';

const FLOWS = [
  { deposit: '7654.32', credit: '500' },
  { deposit: '-4321.09', credit: '-500' },
];
const FLOW_TYPES = ['balance', 'credit', 'bonus', 'correction'];
/** Shares are floats: of money to the cent no more than so much is left over. */
const TOLERANCE = 1e-6;

/** In percent. */
type Nav = { return: number | null; drawdown: number | null };

async function navOf({ desk }: LedgerDesk): Promise<Nav> {
  const { world: w } = desk.stage;
  const target = `/api/v1/performance?account=${desk.accountId}&period=all`;
  const report: Json = await w.json(w.as(desk.user.token, 'GET', target));
  const { return_percent, drawdown } = report.nav;
  return { return: return_percent, drawdown: drawdown.percent };
}

/** 12. What comes and goes moves neither what a unit has become nor how far it has fallen. */
export async function judgeFlows(of: LedgerDesk): Promise<string[]> {
  const { desk } = of;
  const before = await navOf(of);
  for (const { deposit, credit } of FLOWS) {
    desk.site.control('POST /deposit', { login: desk.login, amount: deposit });
    desk.site.control('POST /credit', { login: desk.login, amount: credit });
    await desk.reconcile();
  }
  return differences('by cash flows alone', await navOf(of), before);
}

/** Deals that were cancelled before anybody saw what they had booked, while the books still say which those are. */
export async function unseenDeals({ desk }: LedgerDesk): Promise<Set<string>> {
  const rows = await desk.stage.sql(
    `SELECT ticket FROM broker_deals WHERE account_id = $1 AND revision = 0 AND type LIKE '%\\_canceled'`,
    [desk.accountId],
  );
  return new Set(rows.map((r) => r.ticket));
}

/**
 * 12. And it is what the broker's own order of its deals makes of it; null where no balance of that order is the one that a
 * snapshot showed. Where several deals leave the same balance each of them may be the last that the snapshot saw.
 */
export async function judgeUnit(of: LedgerDesk, unseen: ReadonlySet<string>): Promise<string[] | null> {
  const expected = await expectedNavs(of, unseen);
  const is = await navOf(of);
  const wrong = expected.map((was) => differences('of the broker’s own deals', is, was));
  return wrong.find((those) => those.length === 0) ?? wrong[0] ?? null;
}

function differences(what: string, is: Nav, was: Nav): string[] {
  return (['return', 'drawdown'] as const).flatMap((key) => {
    const [a, b] = [was[key], is[key]];
    const same = a === null || b === null ? a === b : Math.abs(b - a) <= TOLERANCE;
    return same ? [] : [`(12) ${what} ${key} became ${b}, was ${a}`];
  });
}

/** What a unit has become so far, with the last of the broker's deals that was seen and what the account was worth then. */
type Way = { done: number; nav: number; peak: number; drawdown: number; equity: number };
/** More ways than this nobody follows: so many balances that stand twice are a course that says nothing. */
const MOST_WAYS = 256;

async function expectedNavs(of: LedgerDesk, unseen: ReadonlySet<string>): Promise<Nav[]> {
  const points = await of.desk.stage.sql(
    'SELECT (balance + credit)::text AS held, equity FROM equity_points WHERE account_id = $1 ORDER BY at',
    [of.desk.accountId],
  );
  const deals = bookings(of);
  let ways: Way[] = [{ done: -1, nav: 1, peak: 1, drawdown: 0, equity: 0 }];
  for (const point of points) {
    ways = ways.flatMap((way) =>
      deals.flatMap((d, n) =>
        n >= way.done && d.held.eq(point.held) ? [stepped(way, n, Number(point.equity), deals, unseen)] : [],
      ),
    );
    if (ways.length > MOST_WAYS) return [];
  }
  return ways.map(({ nav, drawdown }) => ({ return: (nav - 1) * 100, drawdown: drawdown * 100 }));
}

/** An account that is worth nothing grows by nothing, and a unit that is worth nothing is none any more. */
function stepped(
  way: Way,
  n: number,
  equity: number,
  deals: readonly Booked[],
  unseen: ReadonlySet<string>,
): Way {
  const grown = equity - cameWith(deals.slice(way.done + 1, n + 1), unseen).toNumber();
  const nav = way.done < 0 || way.equity <= 0 ? way.nav : way.nav * Math.max(0, grown / way.equity);
  const peak = Math.max(way.peak, nav);
  return { done: n, nav, peak, drawdown: Math.max(way.drawdown, 1 - nav / peak), equity };
}

type Booked = { ticket: string; held: Big; flow: Big; undoes: string | null };

/** Flows of deals; what came and was taken back before anybody saw it never came. */
function cameWith(deals: readonly Booked[], unseen: ReadonlySet<string>): Big {
  const tickets = new Set(deals.map((d) => d.ticket));
  return deals
    .filter(({ undoes }) => undoes === null || !unseen.has(undoes) || !tickets.has(undoes))
    .reduce((sum, d) => sum.plus(d.flow), new Big(0));
}

/** What is held after each deal of the broker, in its own order, and what of it came or went with that one. */
function bookings(of: LedgerDesk): Booked[] {
  const byTicket = (a: Json, b: Json) => Number(BigInt(a.ticket) - BigInt(b.ticket));
  let held = new Big(0);
  return of.broker.deals.toSorted(byTicket).map((d: Json) => {
    const stated = new Big(d.profit).plus(d.swap).plus(d.commission).plus(d.fee);
    const money = of.cancelled.get(d.ticket) ?? stated;
    held = held.plus(money);
    const undoes = /^cancel deal #(\d+)$/.exec(d.comment)?.[1] ?? null;
    return { ticket: d.ticket, held, flow: FLOW_TYPES.includes(d.type) ? money : new Big(0), undoes };
  });
}
