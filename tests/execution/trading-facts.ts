// An account that trades gold, and an approved sell of it, for the rules of execution.
import type { Account } from '../../functions/execution/account-store.ts';
import type { ApprovedTerms } from '../../functions/execution/approved-terms.ts';
import type { EntryFacts, EntryMarket } from '../../functions/execution/entry-order.ts';
import type { TradingFacts } from '../../functions/execution/sized-entry.ts';
import type { Stake } from '../../functions/execution/stake.ts';
import type { SymbolSpecification } from '../../functions/execution/symbol-specification.ts';
import { MARKET_GUARD_DEFAULTS } from '../../functions/market/market-guard-settings.ts';

export const NOW = Date.UTC(2026, 10, 20, 12);

/** Gold as domain.md 4.6 has it: tick and point 0.01, a dollar a tick and lot. */
export const GOLD: SymbolSpecification & { tickSize: string } = {
  point: '0.01',
  tickSize: '0.01',
  tickValueLoss: '1',
  volumeMin: '0.01',
  volumeMax: '50',
  volumeStep: '0.01',
  volumeLimit: null,
  stopsLevel: 20,
  spreadPoints: 20,
  tradeMode: 'full',
  expirationModes: ['gtc', 'specified'],
  marginPerLot: null,
  bid: '2035',
  ask: '2035.2',
  quotedMs: NOW - 60_000,
};
export const ACCOUNT: Account = {
  id: '0199c7a0-0000-7000-8000-0000000000a1',
  userId: 'user',
  bridgeId: 'bridge',
  name: 'demo',
  currency: 'USD',
  marginMode: 'hedging',
  binding: {
    server: 'Demo-Server',
    login: '500123',
    currency: 'USD',
    marginMode: 'hedging',
    tradeMode: 'demo',
  },
  halted: false,
  withdrawPending: false,
  guardPhase: 'armed',
  orderVolume: '0.10',
  settings: {
    riskBps: null,
    riskBase: 'lesser',
    maxVolume: null,
    maxPositions: null,
    minStopPoints: 0,
    rewardRatio: null,
    maxSpreadPoints: null,
    commissionPerLot: '0',
    marginShareBps: null,
    maxInstrumentVolume: null,
    maxExposurePercent: null,
    instruments: null,
    symbols: {},
  },
  version: 1,
  bootId: 'boot',
  bridgeSeq: 7,
  snapshotMs: NOW - 60_000,
  dealsCursorMs: null,
  historyUntilMs: null,
  state: { balance: '10000', equity: '10000', margin_free: '10000' },
  epoch: { behind: null, unproven: false, dismissed: [], trusted: true },
  ...{ nextBridgeId: null, bridgeSinceMs: null, released: false },
  createdMs: 0,
};
export const TERMS: ApprovedTerms = {
  intent: 'open',
  side: 'sell',
  order_type: 'market',
  price: '2035.1',
  band: { low: '2034.6', high: '2035.6' },
  stop_loss: '2040',
  take_profit: '2020',
  max_volume: '0.1',
  max_risk: null,
};

/** Nothing that the signal's dedup scope has there. */
export const NO_STAKE: Stake = { positions: [], commands: [], unmade: [] };

/** A market that takes entries for ever, with the sessions given. */
export const openMarket = (hours: EntryMarket['hours'] = null): EntryMarket => ({
  entry: { open: true, closesMs: null },
  hours,
  calendar: null,
});

export type Change = {
  account?: Partial<Account>;
  settings?: Partial<Account['settings']>;
  specification?: Partial<SymbolSpecification> | null;
  signal?: Partial<EntryFacts['signal']>;
  terms?: Partial<ApprovedTerms>;
  facts?: Partial<EntryFacts>;
};

/** The facts of that approval, with parts replaced. */
export const entryFacts = (change: Change = {}): EntryFacts => ({
  account: { ...ACCOUNT, settings: { ...ACCOUNT.settings, ...change.settings }, ...change.account },
  symbol: 'XAUUSD',
  specification: change.specification === null ? null : { ...GOLD, ...change.specification },
  exposures: 0,
  buyVolume: '0',
  sellVolume: '0',
  marginOnTheWay: '0',
  exposure: null,
  watch: { settings: MARKET_GUARD_DEFAULTS, spreads: { recent: [], usual: [] }, bars: [] },
  limits: [],
  stake: NO_STAKE,
  quarantined: false,
  deployment: { halted: false, epochBehind: false },
  approvedMs: NOW,
  signal: {
    instrument: 'XAUUSD',
    stale: false,
    cancelled: false,
    expiresMs: NOW + 1,
    orderExpiresMs: null,
    ...change.signal,
  },
  terms: { ...TERMS, ...change.terms },
  ...change.facts,
});

/** The same without what only an approval adds. */
export const tradingFacts = (change: Change = {}): TradingFacts => entryFacts(change);
