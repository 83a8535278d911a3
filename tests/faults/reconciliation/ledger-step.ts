// What may happen to the books of one account: trades by hand and by countersigned signals, money in and out, service
// operations and corrections of the broker, clocks, faults.
import type { INSTRUMENTS, Step as OrderStep } from '../execution/schedule.ts';

export type Side = 'buy' | 'sell';
export type Instrument = (typeof INSTRUMENTS)[number];
/** By hand, by another program, or under a number of ours: one of another account's, or one of this account's once more. */
export type Opener = 'hand' | 'program' | 'orphan' | 'twin';
/** What a person or the broker does to the `nth` of those there are, counted round. */
type Nth = { nth: number };

export type BookStep =
  | { do: 'open'; instrument: Instrument; side: Side; lots: number; stops: boolean; as: Opener }
  /** By hand, in a symbol that nothing of ours is mapped to. */
  | { do: 'odd' }
  | ({ do: 'out' } & Nth)
  | ({ do: 'part' } & Nth)
  /** On an account that nets: more than is open, the other way round. */
  | { do: 'turn'; instrument: Instrument }
  /** Two opposite positions against each other, opened for it where there are none. */
  | { do: 'pair'; instrument: Instrument; even: boolean }
  | ({ do: 'stops'; set: boolean } & Nth)
  | { do: 'place'; instrument: Instrument; side: Side; lots: number; expires: boolean }
  | ({ do: 'shift' } & Nth)
  | ({ do: 'take-back' } & Nth)
  /** The market goes to the stop, the target or the working order. */
  | ({ do: 'hit'; what: 'sl' | 'tp' | 'order' } & Nth)
  | { do: 'stop-out' }
  | { do: 'cash'; what: 'deposit' | 'withdrawal' | 'credit' | 'credit-back'; amount: number }
  | { do: 'charge'; type: (typeof CHARGES)[number]; amount: number }
  /** The server's clock goes on past so many rollovers. */
  | { do: 'night'; nights: number }
  /** The server's clock is set by so many minutes, back or forth. */
  | { do: 'clock'; minutes: number }
  /** A deal that the server dates days from now. */
  | { do: 'ahead' }
  /** Our working orders should have ended by now. */
  | { do: 'late' }
  | ({ do: 'cancel-deal' } & Nth)
  | ({ do: 'ticket'; deals: boolean } & Nth)
  /** The bridge and its terminal start again; for so many reads without their history. */
  | { do: 'boot'; emptyHistory: number }
  /** Two people and the schedule ask for the same account at once. */
  | { do: 'twice' };
export type Step = OrderStep | BookStep;
export type Action = Step['do'];

export const CHARGES = [
  'charge',
  'commission',
  'interest',
  'dividend',
  'tax',
  'correction',
  'bonus',
] as const;
export const BOOK_ACTIONS: readonly BookStep['do'][] = [
  ...(['open', 'out', 'part', 'turn', 'pair', 'stops', 'place', 'shift', 'take-back', 'hit'] as const),
  ...(['stop-out', 'cash', 'charge', 'night', 'clock', 'cancel-deal', 'ticket', 'boot', 'twice'] as const),
  ...(['odd', 'ahead', 'late'] as const),
];
/** Steps of orders that these schedules take too. */
export const ORDER_ACTIONS: readonly OrderStep['do'][] = [
  ...(['approve', 'close', 'lose', 'move', 'fault', 'tick', 'reconcile', 'pass', 'settle'] as const),
];
