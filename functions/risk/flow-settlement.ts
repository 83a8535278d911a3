/**
 * Which of the money that came or went is flow, where a balance and the deals of the books come apart for a while: the
 * money may be there before its deal, or its deal before the money. `booked` is what all deals of the books add up to,
 * `flowed` the deposits, withdrawals and credits among them; what balance and credit are beyond `booked` stays the same
 * (`base`) as long as nothing is under way.
 *
 * Invariants: a flow counts at the sample that shows its money; while something is under way nothing is judged for 5 s, nor
 * by its first sample, and what else comes under way meanwhile has its own 5 s, three times in a row at most; from then on
 * money without a deal is trading, because it may be a loss, and a deal without its money has not arrived. After 10 minutes
 * what was under way is settled as it stands.
 * Pure. Plain decimals.
 */
import { Big, plain, sum } from '../platform/decimal.ts';

export type FlowBook = {
  base: string;
  /** Of the last sample that was seen. */
  flowed: string;
  /** Flows that are booked, whose money was not seen yet. */
  pending: string[];
  /** `stray`: money without a deal. `changes`: how often something else came under way. */
  unsettled: { sinceMs: number; samples: number; stray: string; changes: number } | null;
};
export type Moneys = { atMs: number; balance: string; credit: string; booked: string; flowed: string };
export type Settlement = {
  /** `waiting`: not to be judged yet. `judged`: something is under way, but for too long to wait for it. */
  kind: 'settled' | 'waiting' | 'judged';
  /** What arrived with this sample and is of the past now. */
  arrived: Big;
  /** What is taken to have arrived, of what cannot be told yet: for the worth at this sample alone. */
  assumed: Big;
  /** The book once the sample was taken, and what is known of it where it was refused. */
  taken: FlowBook;
  refused: FlowBook;
};

const WAIT_MS = 5_000;
/** Trading whose deals are late would otherwise be waited for as long as it goes on. */
const MOST_CHANGES = 3;
const GIVE_UP_MS = 600_000;
const CENT = new Big('0.01');
const SHARE = new Big('0.0001');
/** So many are tried in every combination; before that the oldest are one. */
const MOST_PENDING = 8;
const NONE = new Big(0);

const heldOf = (m: Pick<Moneys, 'balance' | 'credit'>): Big => new Big(m.balance).plus(m.credit);

/** The book of an account that is seen for the first time: whatever it has beyond its deals was always there. */
export const startFlows = (m: Moneys): FlowBook => ({
  ...{ base: plain(heldOf(m).minus(m.booked)), flowed: m.flowed, pending: [], unsettled: null },
});

/** What a sample says of the flows under way. */
export function settlement(book: FlowBook, m: Moneys): Settlement {
  const came = new Big(m.flowed).minus(book.flowed);
  const pending = came.eq(0) ? book.pending : merged([...book.pending, plain(came)]);
  const gap = heldOf(m).minus(m.booked).minus(book.base);
  const settled: FlowBook = startFlows(m);
  const total = new Big(sum(pending));
  if (isNothing(gap, m)) {
    const refused = { ...book, flowed: m.flowed, pending };
    return { kind: 'settled', arrived: total, assumed: NONE, taken: settled, refused };
  }
  const found = likeliest(pending, gap.plus(total));
  const unsettled = underWay(book, m, { isBooked: !came.eq(0), stray: found.unexplained });
  const refused = { ...book, flowed: m.flowed, pending, unsettled };
  const waitedMs = m.atMs - unsettled.sinceMs;
  if (unsettled.samples < 2 || waitedMs < WAIT_MS)
    return { kind: 'waiting', arrived: NONE, assumed: NONE, taken: refused, refused };
  const arrived = found.amounts.reduce((all, a) => all.plus(a), NONE);
  if (waitedMs >= GIVE_UP_MS) return { kind: 'judged', arrived, assumed: NONE, taken: settled, refused };
  if (!isNothing(found.unexplained, m))
    return { kind: 'judged', arrived: NONE, assumed: arrived, taken: refused, refused };
  const left = pending.filter((_, i) => !found.indexes.has(i));
  return { kind: 'judged', arrived, assumed: NONE, taken: { ...refused, pending: left }, refused };
}

/** Since when this is under way: what changes is something else, and what was before it may be explained by now. */
function underWay(
  { unsettled }: FlowBook,
  m: Moneys,
  { isBooked, stray }: { isBooked: boolean; stray: Big },
): NonNullable<FlowBook['unsettled']> {
  const text = plain(stray);
  if (unsettled === null) return { sinceMs: m.atMs, samples: 1, stray: text, changes: 0 };
  const isOther = isBooked || !isNothing(stray.minus(unsettled.stray), m);
  if (!isOther || unsettled.changes >= MOST_CHANGES)
    return { ...unsettled, samples: unsettled.samples + 1, stray: text };
  return { sinceMs: m.atMs, samples: 1, stray: text, changes: unsettled.changes + 1 };
}

/** A cent, and less of an account that holds little of a dear currency. */
function isNothing(amount: Big, m: Moneys): boolean {
  const share = heldOf(m).abs().times(SHARE);
  return amount.abs().lte(share.gt(0) && share.lt(CENT) ? share : CENT);
}

const merged = (pending: readonly string[]): string[] =>
  pending.length <= MOST_PENDING
    ? [...pending]
    : [sum(pending.slice(0, pending.length - MOST_PENDING + 1)), ...pending.slice(1 - MOST_PENDING)];

/** The flows that explain most of the money that moved without trading; of equals those that leave the account worth less. */
function likeliest(pending: readonly string[], moved: Big) {
  let best = { amounts: [] as Big[], indexes: new Set<number>(), total: NONE, unexplained: moved };
  for (let set = 1; set < 2 ** pending.length; set += 1) {
    const indexes = new Set(pending.map((_, i) => i).filter((i) => set & (1 << i)));
    const amounts = pending.filter((_, i) => indexes.has(i)).map((a) => new Big(a));
    const total = amounts.reduce((all, a) => all.plus(a), NONE);
    const unexplained = moved.minus(total);
    const order = unexplained.abs().cmp(best.unexplained.abs());
    if (order < 0 || (order === 0 && total.gt(best.total))) best = { amounts, indexes, total, unexplained };
  }
  return best;
}
