/** Why the market takes no entry, as the delivery shows it. Pure. */
import type { EntryBlock } from '../market/trading-calendar.ts';
import type { OrderRefusal } from './order-refusal.ts';

const REFUSALS: Readonly<Record<EntryBlock, OrderRefusal>> = {
  'no-calendar': 'calendar-unknown',
  'calendar-unreadable': 'calendar-unreadable',
  'market-closed': 'market-closed',
  rollover: 'market-close-only',
  blocklist: 'market-blocked',
  'session-opening': 'market-opening',
  'session-closing': 'market-closing',
};

/** The refusal of a calendar's block. */
export const marketRefusal = (block: EntryBlock): OrderRefusal => REFUSALS[block];
