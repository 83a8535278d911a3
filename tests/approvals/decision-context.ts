// An open signal in a user's audience with one account that follows, for the rules of approvals.
import type { DecisionContext } from '../../functions/approvals/approval-store.ts';
import type { TradingFacts } from '../../functions/execution/sized-entry.ts';
import type { Signal } from '../../functions/signals/signal-store.ts';
import { type Change, tradingFacts } from '../execution/trading-facts.ts';

export const NOW = Date.UTC(2026, 10, 21, 12);

/** An account that trades `orderVolume` lots of gold, with parts of what is known of it replaced. */
export const accountOf = (id: string, orderVolume: string, change: Change = {}) => {
  const trading: TradingFacts = tradingFacts(change);
  return { id, trading: { ...trading, account: { ...trading.account, id, orderVolume } } };
};
export const ACCOUNT = accountOf('0199c7a0-0000-7000-8000-0000000000a1', '0.10');
export const OTHER_ACCOUNT = accountOf('0199c7a0-0000-7000-8000-0000000000a2', '1.00');

const SIGNAL: Signal = {
  id: '0199c7a0-0000-7000-8000-000000000051',
  userId: '0199c7a0-0000-7000-8000-0000000000b1',
  producerId: '0199c7a0-0000-7000-8000-000000000001',
  instrument: 'XAUUSD',
  side: 'buy',
  intent: 'open',
  orderType: 'market',
  price: '2035.10000000',
  stopLoss: '2030.00000000',
  takeProfit: null,
  orderExpiresMs: null,
  maxSlippagePoints: 50,
  timeMs: NOW - 60_000,
  expiresMs: NOW + 3_600_000,
  version: '1',
  externalId: null,
  strategy: null,
  timeframe: null,
  schema: 1,
  payload: null,
  status: 'new',
  refusal: null,
  trust: 'signed',
  stale: false,
  createdMs: NOW - 60_000,
  updatedMs: NOW - 60_000,
};

/** The context of an open decision; parts of it and of its signal may be replaced. */
export const openContext = (
  changes: Partial<DecisionContext> = {},
  signal: Partial<Signal> = {},
): DecisionContext => ({
  signal: { ...SIGNAL, ...signal },
  digits: 2,
  mine: true,
  signalCancelled: false,
  existingId: null,
  consent: { version: 3, sha256: 'c'.repeat(64) },
  accounts: [ACCOUNT],
  ...changes,
});
