/**
 * What a deal is, as far as books are concerned (domain 1.2, 2.3 step 1). The type is asked first: the `entry` of a deposit
 * means nothing. Pure.
 */
import type { Deal } from './trade-projection.ts';

/**
 * `trade`: moves volume. `technical`: a server operation (roll-over, variation margin, split), money and never volume.
 * `cost`: a charge, or an income that is none of a trade's price. `cashflow`: money that came or went and is no result.
 * `reversal`: a deal that the broker has cancelled; what it had booked is taken back by a correction of its own.
 */
export type DealClass = 'trade' | 'cashflow' | 'cost' | 'reversal' | 'technical';

const TECHNICAL = new Set(['rollover', 'vmargin', 'split', 'corporate_action']);
/** As arrays, for the stores that ask the database the same. */
export const CASHFLOW_TYPES: readonly string[] = ['balance', 'credit', 'bonus', 'correction'];
export const REVERSAL_TYPES: readonly string[] = ['buy_canceled', 'sell_canceled'];

/**
 * The class of a deal. A type that nobody knows is a cost: taken for a flow it would be hidden from every result. A purchase
 * or sale that says not what it opened or closed moves money alone.
 */
export function dealClass(d: Pick<Deal, 'type' | 'entry' | 'reason'>): DealClass {
  if (CASHFLOW_TYPES.includes(d.type)) return 'cashflow';
  if (REVERSAL_TYPES.includes(d.type)) return 'reversal';
  if (d.type !== 'buy' && d.type !== 'sell') return 'cost';
  return TECHNICAL.has(d.reason) || d.entry === null ? 'technical' : 'trade';
}

/** Whether a deal opens or closes volume. */
export const isTradeDeal = (d: Pick<Deal, 'type' | 'entry' | 'reason'>): boolean => dealClass(d) === 'trade';

/** Whether its money is a position's result: of a position, and no flow. Money of the account alone names none. */
export const isPositionDeal = (d: Deal): boolean => d.positionId !== '0' && dealClass(d) !== 'cashflow';
