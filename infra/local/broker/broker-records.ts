// What the simulated broker keeps, field by field as MetaTrader 5 names it.
// Invariants: tickets, logins and magic numbers are text; money, prices and volumes are plain decimal text;
// times of accounts' rows are raw server wall clock in milliseconds "as if UTC", exactly as MT5 hands them out;
// times of quotes and candles are true UTC, because the market belongs to no server.

export type Side = 'buy' | 'sell';
export type PendingType = 'buy_limit' | 'sell_limit' | 'buy_stop' | 'sell_stop';
export type StopLimitType = 'buy_stop_limit' | 'sell_stop_limit';
export type OrderType = Side | PendingType | StopLimitType | 'close_by';
export const PENDING_TYPES = [
  'buy_limit',
  'sell_limit',
  'buy_stop',
  'sell_stop',
  'buy_stop_limit',
  'sell_stop_limit',
] as const satisfies readonly (PendingType | StopLimitType)[];
/** How an order's volume may be met: whole or not at all, what there is, what there is and wait, or passively only. */
export type Filling = 'fok' | 'ioc' | 'return' | 'boc';
export type TimeType = 'gtc' | 'day' | 'specified' | 'specified_day';
export type OrderState = 'placed' | 'partial' | 'filled' | 'canceled' | 'expired' | 'rejected';
export type Reason = 'client' | 'mobile' | 'web' | 'expert' | 'sl' | 'tp' | 'so' | 'rollover';
export type MarginMode = 'hedging' | 'netting' | 'exchange';
export type CashType =
  | 'balance'
  | 'credit'
  | 'charge'
  | 'correction'
  | 'bonus'
  | 'commission'
  | 'commission_daily'
  | 'commission_monthly'
  | 'interest'
  | 'dividend'
  | 'tax';
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
  /** Margin levels in percent: the call warns, the stop-out closes. */
  margin_so_call: string;
  margin_so_so: string;
  /** Positions of a symbol close oldest first (10045) and no opposite one may be opened (10046). */
  fifo_close: boolean;
  /** Longest comment the server keeps; longer ones are cut. */
  comment_length: number;
  /** Whether closes by the server (SL, TP, stop-out) keep the position's magic; most servers write 0. */
  keeps_magic: boolean;
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
  /** Price that sets a pending order off; of a stop-limit, the price that places its limit. */
  price_open: string;
  /** The limit a stop-limit becomes; null on every other order. */
  price_stoplimit: string | null;
  sl: string | null;
  tp: string | null;
  type_time: TimeType;
  type_filling: Filling;
  /** Identifier of the opposite position of a close-by, else 0. */
  position_by_id: string;
  symbol: string;
  comment: string;
}

export interface DealRecord {
  login: string;
  ticket: string;
  order: string;
  position_id: string;
  time: number;
  type: Side | 'buy_canceled' | 'sell_canceled' | CashType;
  /** MT5 writes IN (0) on balance deals too, where it means nothing; the bridge reports null there. */
  entry: 'in' | 'out' | 'inout' | 'out_by';
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
  /** Smallest step of a price; may be several points (an index with point 0.01 and tick 0.25). */
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
  /** Server weekday (0 is Sunday) whose night is charged three times; null charges every night once. */
  swap_triple_day: number | null;
  /** Money per lot and deal, in the account's currency, as a positive number. */
  commission: string;
  /** Whether both deals of a trade pay the commission, or the opening one alone. */
  commission_on: 'both' | 'in';
  /** Money per lot and deal in the account's currency, booked in the deal's `fee`, as a positive number. */
  fee: string;
  margin_rate: string;
  trade_mode: SymbolTradeMode;
  /** Only instant execution judges the deviation; exchange lets market orders wait for the rest (RETURN). */
  execution: 'instant' | 'market' | 'exchange';
  /** Fillings allowed beyond what the execution itself implies. */
  filling_modes: readonly Filling[];
  expiration_modes: readonly TimeType[];
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
  /** Where it polls; null: it is called. */
  sync_url: string | null;
}

export interface ClockRecord {
  mode: 'real' | 'held';
  /** Held clock, UTC milliseconds; unused while the clock follows real UTC. */
  now: number;
  /** Everything due up to here (expiries, rollovers) has been booked. */
  processed: number;
}
