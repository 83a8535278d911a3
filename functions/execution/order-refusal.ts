/**
 * Why an approved signal becomes no order, in one list: the names are stored with the delivery, shown on the signal
 * and counted.
 */
import { ENTRY_BARRIERS } from './entry-barrier.ts';

export const ORDER_REFUSALS = [
  ...ENTRY_BARRIERS,
  ...(['signal-cancelled', 'signal-stale', 'signal-expired', 'approval-expired'] as const),
  // What the trading calendar says, and a market that is open and does not move.
  ...(['calendar-unknown', 'calendar-unreadable', 'market-closed', 'market-close-only'] as const),
  ...(['market-blocked', 'market-opening', 'market-closing', 'quote-stale'] as const),
  // What the market does: it has jumped from one bar to the next, or its spread is far above the usual.
  ...(['market-gap', 'market-spread'] as const),
  // What stands there under our name and we know nothing of, or goes the other way: until somebody has looked at it.
  'symbol-quarantined' as const,
  // The account's own rules.
  ...(['instrument-not-allowed', 'max-positions-reached', 'would-net', 'would-merge'] as const),
  ...(['instrument-exposure-reached', 'total-exposure-reached', 'exposure-unknown'] as const),
  // It would risk more than a rule of the account's guard lets the day lose.
  'daily-loss-too-near' as const,
  'nothing-to-close' as const,
  // What the broker says of the symbol.
  ...(['symbol-unknown', 'symbol-incomplete', 'trade-mode', 'expiry-not-allowed'] as const),
  // Prices.
  ...(['price-outside-band', 'entry-through-market', 'price-not-positive', 'expiry-passed'] as const),
  ...(['stop-too-close', 'take-profit-too-close', 'reward-below-ratio', 'take-profit-required'] as const),
  // Volume.
  ...(['stop-required', 'tick-value-unknown', 'account-figures-unknown', 'margin-unknown'] as const),
  ...(['volume-off-step', 'below-min-volume', 'above-max-volume', 'volume-limit-reached'] as const),
  ...(['margin-exceeded', 'volume-above-approved', 'risk-above-approved'] as const),
] as const;
export type OrderRefusal = (typeof ORDER_REFUSALS)[number];
export type Refused = { kind: 'refused'; reason: OrderRefusal };

/** A refusal by its name. */
export const refused = (reason: OrderRefusal): Refused => ({ kind: 'refused', reason });
