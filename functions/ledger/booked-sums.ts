/**
 * What the stored deals of an account have booked, as sums that are carried along (domain 2.7, 1 and 2). Invariants:
 *  1. of each deal the version that counts is in them once: the highest, and of one that was cancelled the one before, because
 *     a cancelled deal states no money any more and what it had booked is taken back by a deal of its own;
 *  2. what is added with new versions is exactly what a sum over all deals would then be more: `wholeSums` of the store
 *     says the same in SQL, and the schedules of the ledger hold the two together.
 * Pure.
 */
import { dealClass, REVERSAL_TYPES } from './deal-class.ts';
import type { StoredDeal } from './deal-revision.ts';
import { amountOf, unitsOf } from './exact-money.ts';

/** Plain decimals in the account's currency. `flowed` is a part of `booked`, and `credited`, which is no balance, of `flowed`. */
export type BookedSums = { booked: string; flowed: string; credited: string };

const isReversal = (d: StoredDeal): boolean => REVERSAL_TYPES.includes(d.type);

/** Of versions of one deal the one whose money counts. */
function counted(versions: readonly StoredDeal[]): StoredDeal | undefined {
  const stated = versions.filter((d) => !isReversal(d));
  return (stated.length > 0 ? stated : versions).reduce<StoredDeal | undefined>(
    (last, d) => (last === undefined || d.revision > last.revision ? d : last),
    undefined,
  );
}

/**
 * By how much the sums grow when `added` are stored beside `stored`, which holds every stored version of each of their
 * tickets; what else it holds does not matter.
 */
export function bookedBy(stored: readonly StoredDeal[], added: readonly StoredDeal[]): BookedSums {
  const tickets = new Set(added.map((d) => d.ticket));
  const before = Map.groupBy(
    stored.filter((d) => tickets.has(d.ticket)),
    (d) => d.ticket,
  );
  let [booked, flowed, credited] = [0n, 0n, 0n];
  const count = (d: StoredDeal | undefined, sign: bigint): void => {
    if (d === undefined) return;
    const money = sign * (unitsOf(d.profit) + unitsOf(d.swap) + unitsOf(d.commission) + unitsOf(d.fee));
    booked += money;
    if (dealClass(d) === 'cashflow') flowed += money;
    if (d.type === 'credit') credited += money;
  };
  for (const [ticket, versions] of Map.groupBy(added, (d) => d.ticket)) {
    const known = before.get(ticket) ?? [];
    count(counted(known), -1n);
    count(counted([...known, ...versions]), 1n);
  }
  return { booked: amountOf(booked), flowed: amountOf(flowed), credited: amountOf(credited) };
}
