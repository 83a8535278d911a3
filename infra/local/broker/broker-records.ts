// What the simulated broker keeps, field by field as MetaTrader 5 names it.
// Invariants: tickets, logins and magic numbers are text; money, prices and volumes are plain decimal text;
// times of accounts' rows are raw server wall clock in milliseconds "as if UTC", exactly as MT5 hands them out;
// times of quotes and candles are true UTC, because the market belongs to no server.

export type Side = 'buy' | 'sell';
export type PendingType = 'buy_limit' | 'sell_limit' | 'buy_stop' | 'sell_stop';
export type OrderType = Side | PendingType;
export type OrderState = 'placed' | 'partial' | 'filled' | 'canceled' | 'expired' | 'rejected';
export type Reason = 'client' | 'mobile' | 'web' | 'expert' | 'sl' | 'tp' | 'so' | 'rollover';
export type MarginMode = 'hedging' | 'netting' | 'exchange';
export type CashType = 'balance' | 'credit' | 'charge' | 'correction' | 'bonus' | 'commission' | 'interest';
export type SymbolTradeMode = 'disabled' | 'long_only' | 'short_only' | 'close_only' | 'full';

export interface AccountRecord {
  login: string;
  server: string;
  server_tz: string;
  company: string;
  currency: string;
  currency_digits: number;
  margin_mode: MarginMode;
  trade_mode: 'demo' | 'contest' | 'real';
  leverage: number;
  balance: string;
  credit: string;
  trade_allowed: boolean;
}

export interface PositionRecord {
  login: string;
  ticket: string;
  identifier: string;
  time: number;
  type: Side;
  magic: string;
  reason: Reason;
  volume: string;
  price_open: string;
  sl: string | null;
  tp: string | null;
  swap: string;
  symbol: string;
  comment: string;
}

export interface OrderRecord {
  login: string;
  ticket: string;
  time_setup: number;
  time_done: number | null;
  time_expiration: number | null;
  type: OrderType;
  state: OrderState;
  magic: string;
  position_id: string;
  reason: Reason;
  volume_initial: string;
  volume_current: string;
  price_open: string;
  sl: string | null;
  tp: string | null;
  symbol: string;
  comment: string;
}

export interface DealRecord {
  login: string;
  ticket: string;
  order: string;
  position_id: string;
  time: number;
  type: Side | CashType;
  /** MT5 writes IN (0) on balance deals too, where it means nothing; the bridge reports null there. */
  entry: 'in' | 'out' | 'inout';
  magic: string;
  reason: Reason;
  volume: string;
  price: string;
  commission: string;
  swap: string;
  profit: string;
  fee: string;
  symbol: string;
  comment: string;
}

export interface SymbolRecord {
  symbol: string;
  session: 'fx' | 'metal' | 'crypto';
  /** `open` trades round the clock, `closed` answers 10018, `sessions` follows New York hours. */
  market: 'open' | 'closed' | 'sessions';
  base: string;
  quote: string;
  digits: number;
  tick_size: string;
  contract_size: string;
  volume_min: string;
  volume_max: string;
  volume_step: string;
  /** Most lots in one direction, open and pending together; 0 is no limit. */
  volume_limit: string;
  stops_level: number;
  freeze_level: number;
  spread: number;
  /** Money per lot and night, in the account's currency. */
  swap_long: string;
  swap_short: string;
  /** Money per lot and deal, in the account's currency, as a positive number. */
  commission: string;
  margin_rate: string;
  trade_mode: SymbolTradeMode;
  start_price: string;
  /** Standard deviation of an hour's move, in points. */
  hourly_sigma_points: number;
}

export interface QuoteRecord {
  symbol: string;
  bid: string;
  ask: string;
  time: number;
  rng: number;
}

export interface Bar {
  /** Opening time, UTC milliseconds. */
  time: number;
  /** Prices in integer points (price x 10^digits), so that bars stay exact and small. */
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

export interface FaultRecord {
  id: string;
  kind: string;
  login: string | null;
  on: string | null;
  times: number;
  hold_ms: number;
}

export interface ExecutionRecord {
  cmd_id: string;
  attempt: number;
  login: string;
  magic: string;
  /** How often the request reached order_send, and how often the broker acted on it. */
  sent: number;
  executed: number;
}

export interface BridgeRecord {
  bridge_id: string;
  login: string;
  /** Newest first; the one before stays valid so that a rotation can overlap. */
  secrets: string[];
}

export interface ClockRecord {
  mode: 'real' | 'held';
  /** Held clock, UTC milliseconds; unused while the clock follows real UTC. */
  now: number;
  /** Everything due up to here (expiries, rollovers) has been booked. */
  processed: number;
}
