// Replies of a bridge as they stand on the wire, whole and valid; parts of them may be replaced.
import type { GuardOrder } from '../../functions/bridge/bridge-protocol.ts';

/** Monday 2 March 2026, 10:00 UTC. */
export const CAPTURED_MS = Date.UTC(2026, 2, 2, 10);
export const iso = (ms: number): string => new Date(ms).toISOString();

type Members = Record<string, unknown>;

export const wireDeal = (changes: Members = {}): Members => ({
  ticket: '5001',
  order: '1001',
  position_id: '1001',
  time: iso(CAPTURED_MS - 60_000),
  type: 'buy',
  entry: 'in',
  magic: '7696581394448',
  reason: 'expert',
  volume: '0.10',
  price: '1.10000',
  commission: '-0.35',
  swap: '0.00',
  profit: '0.00',
  fee: '0.00',
  symbol: 'EURUSD',
  comment: 'cs0123456789ab',
  external_id: '',
  ...changes,
});

export const wirePosition = (changes: Members = {}): Members => ({
  ticket: '1001',
  identifier: '1001',
  time: iso(CAPTURED_MS - 60_000),
  type: 'buy',
  magic: '7696581394448',
  volume: '0.10',
  price_open: '1.10000',
  sl: null,
  tp: '1.12000',
  price_current: '1.10100',
  swap: '0.00',
  profit: '10.00',
  symbol: 'EURUSD',
  comment: 'cs0123456789ab',
  ...changes,
});

export const wireOrder = (changes: Members = {}): Members => ({
  ticket: '1001',
  time_setup: iso(CAPTURED_MS - 60_000),
  time_done: null,
  type: 'buy',
  state: 'filled',
  magic: '7696581394448',
  position_id: '1001',
  volume_initial: '0.10',
  volume_current: '0',
  price_open: '1.10000',
  symbol: 'EURUSD',
  comment: '',
  ...changes,
});

const envelope = { v: 1, request_id: 'request-1', boot_id: 'boot-1', seq: 7 };

export const wireSnapshot = (changes: Members = {}): Members => ({
  ...envelope,
  kind: 'snapshot',
  captured_at: iso(CAPTURED_MS),
  connected: true,
  account: {
    login: '500123',
    server: 'Demo-Server',
    currency: 'USD',
    margin_mode: 'hedging',
    trade_mode: 'demo',
    balance: '10000.00',
    credit: '0.00',
    profit: '10.00',
    equity: '10010.00',
    margin: '110.00',
    margin_free: '9900.00',
    trade_allowed: true,
  },
  positions: [wirePosition()],
  orders: [],
  deals: [wireDeal()],
  history_orders: [wireOrder()],
  symbols: [
    {
      symbol: 'EURUSD',
      digits: 5,
      point: '0.00001',
      volume_min: '0.01',
      volume_max: '50',
      volume_step: '0.01',
      bid: '1.10100',
      ask: '1.10110',
      time: iso(CAPTURED_MS),
    },
  ],
  sections: { account: true, positions: true, orders: true, deals: true, history_orders: true },
  highest_magic: '7696581394448',
  ...changes,
});

export const wireExecution = (result: Members = {}): Members => ({
  ...envelope,
  kind: 'execute',
  result: {
    cmd_id: '0199c7a0-0000-7000-8000-0000000000c1',
    outcome: 'done',
    retcode: 10009,
    order: '1001',
    deal: '5001',
    price: '1.10000',
    volume: '0.10',
    reason: null,
    ...result,
  },
});

export const wireLookup = (changes: Members = {}): Members => ({
  ...envelope,
  kind: 'lookup',
  journal: 'absent',
  orders: [],
  history_orders: [],
  positions: [],
  deals: [],
  ...changes,
});

export const guardOrder: GuardOrder = {
  ...{ version: 4, login: '500123', server: 'Demo-Server', armed: true, scope: 'all', namespace: 7 },
  ...{ units: '10000', peak: '1.05', balance: '10000', credit: '0', booked_to: '5001' },
  ...{
    trip_bps: 2_000,
    hard_bps: 2_500,
    equity_floor: null,
    warning_ms: 10_000,
    close: null,
    latched: false,
  },
};

export const wireGuard = (changes: Members = {}): Members => ({
  ...{ version: 4, phase: 'closing', trip_id: null, since: iso(CAPTURED_MS - 4_000), cause: 'hard-drawdown' },
  ...{ equity: '7400.5', samples: 2, refused: null },
  ...changes,
});

export const wireCandles = (changes: Members = {}): Members => ({
  ...envelope,
  kind: 'candles',
  candles: [{ time: iso(CAPTURED_MS), open: '1.1', high: '1.2', low: '1.0', close: '1.15', volume: '120' }],
  ...changes,
});
