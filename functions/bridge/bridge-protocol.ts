/**
 * The signed protocol between us and the program beside an MT5 terminal (domain: bridge protocol): one envelope, one
 * schema. Numbers that must not lose a digit travel as decimal strings, tickets and magic numbers as text, times as
 * ISO 8601 UTC. What a bridge says beyond this is ignored; what it leaves out fails the whole reply.
 */
import { z } from 'zod';

export const PROTOCOL_VERSION = 1 as const;

const decimal = z.string().regex(/^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,8})?$/);
const ticket = z.string().regex(/^\d{1,20}$/);
/** 64 bits, which MT5 writes without a sign and PostgreSQL with one. Ours are the same either way. */
const magic = z
  .string()
  .regex(/^-?\d{1,20}$/)
  .transform((s) => String(BigInt.asIntN(64, BigInt(s))));
const time = z.iso.datetime({ offset: true }).transform((s) => Date.parse(s));
/** What PostgreSQL cannot hold in a text (U+0000), or would hold altered (a lone surrogate), is no reason to know nothing. */
const cleaned = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\uFFFD');
const label = z.string().max(100).transform(cleaned);
/** Whatever somebody wrote beside a row; its beginning is evidence enough. */
const remark = z.string().transform((text) => cleaned(text.slice(0, 100)));

const common = {
  v: z.literal(PROTOCOL_VERSION),
  request_id: z.string(),
  boot_id: z.string().min(1).max(100).transform(cleaned),
  seq: z.number().int().nonnegative(),
};

export const accountInfo = z.object({
  login: z.string().regex(/^\d{1,20}$/),
  server: z.string().min(1).max(100).transform(cleaned),
  currency: z.string().min(1).max(12).transform(cleaned),
  margin_mode: z.enum(['hedging', 'netting', 'exchange']),
  trade_mode: z.enum(['demo', 'contest', 'real']),
  balance: decimal,
  credit: decimal,
  profit: decimal,
  equity: decimal,
  margin: decimal,
  margin_free: decimal,
  trade_allowed: z.boolean(),
  /** Equity in percent of the margin; null without positions. */
  margin_level: decimal.nullish(),
  /** The margin level, in percent, under which the broker closes by itself; null where it counts in money. */
  margin_so_so: decimal.nullish(),
});

export const positionInfo = z.object({
  ticket,
  identifier: ticket,
  time,
  type: z.enum(['buy', 'sell']),
  magic,
  volume: decimal,
  price_open: decimal,
  sl: decimal.nullable(),
  tp: decimal.nullable(),
  price_current: decimal,
  swap: decimal,
  profit: decimal,
  symbol: label,
  comment: remark,
});

export const orderInfo = z.object({
  ticket,
  time_setup: time,
  time_done: time.nullish(),
  type: label,
  state: label,
  magic,
  position_id: ticket,
  volume_initial: decimal,
  volume_current: decimal,
  price_open: decimal,
  /** What it protects its position with; an older bridge leaves both out. */
  sl: decimal.nullish(),
  tp: decimal.nullish(),
  symbol: label,
  comment: remark,
});

export const dealInfo = z.object({
  ticket,
  order: ticket,
  position_id: ticket,
  time,
  type: label,
  entry: z.enum(['in', 'out', 'inout', 'out_by']).nullable(),
  magic,
  reason: label,
  volume: decimal,
  price: decimal,
  commission: decimal,
  swap: decimal,
  profit: decimal,
  fee: decimal,
  symbol: label,
  comment: remark,
  external_id: remark,
});

/** What an older bridge leaves out is not guessed: an order that needs it is refused by name. */
export const symbolInfo = z.object({
  symbol: label,
  digits: z.number().int().min(0).max(8),
  point: decimal,
  tick_size: decimal.nullish(),
  /** Money of one tick on one lot, in the account's currency, on a losing position. */
  tick_value_loss: decimal.nullish(),
  volume_min: decimal,
  volume_max: decimal,
  volume_step: decimal,
  volume_limit: decimal.nullish(),
  /** Points, as the spread is. */
  stops_level: z.number().int().nonnegative().nullish(),
  freeze_level: z.number().int().nonnegative().nullish(),
  spread: z.number().int().nonnegative().nullish(),
  trade_mode: z.enum(['disabled', 'long_only', 'short_only', 'close_only', 'full']).nullish(),
  filling_modes: z.array(label).max(10).nullish(),
  expiration_modes: z.array(label).max(10).nullish(),
  margin_per_lot: decimal.nullish(),
  bid: decimal,
  ask: decimal,
  time,
});

const bar = z.object({ time, open: decimal, high: decimal, low: decimal, close: decimal, volume: decimal });
/**
 * What a bridge's own guard says of itself. It is said until an order of a newer version, or one that orders this close or
 * says that it is latched, has been taken.
 */
export const guardReport = z.object({
  /** Of the order by which it judges; null: none was given yet. */
  version: z.number().int().nonnegative().nullable(),
  /** `flat`: it has closed, and nothing in its scope is left. */
  phase: z.enum(['idle', 'warned', 'closing', 'flat']),
  /** The trip that it closes for, where that was ordered; null where it acts by itself. */
  trip_id: z.string().max(100).nullable(),
  since: time.nullable(),
  /** `ordered`, or the breach that it saw: `drawdown`, `hard-drawdown`, `floor`, `equity`. */
  cause: label.nullable(),
  /** Of its last sample. */
  equity: decimal.nullable(),
  /** Valid samples in a row that showed the breach. */
  samples: z.number().int().nonnegative(),
  /** Why the last order was not taken, e.g. `login`; left out or null where it was. */
  refused: label.nullish(),
});
export type GuardReport = z.output<typeof guardReport>;

/** Closed bars that a bridge sends with a snapshot though nobody asked for them. */
export const pushedCandles = z.object({ symbol: label, timeframe: label, bars: z.array(bar).max(1_000) });

export const snapshotReply = z.object({
  ...common,
  kind: z.literal('snapshot'),
  captured_at: time,
  /** The broker's own time, in UTC, by which its quotes are dated; without it that of the capture. */
  server_now: time.nullish(),
  connected: z.boolean(),
  account: accountInfo,
  positions: z.array(positionInfo).max(2_000),
  orders: z.array(orderInfo).max(2_000),
  deals: z.array(dealInfo).max(10_000),
  history_orders: z.array(orderInfo).max(10_000),
  /**
   * Up to when, not included, the deals and ended orders go, where that is not now: a history that is longer than one
   * reply holds comes in pages, the oldest first, and so does one that was asked for up to a time.
   */
  deals_to: time.nullish(),
  symbols: z.array(symbolInfo).max(2_000),
  sections: z.object({
    account: z.boolean(),
    positions: z.boolean(),
    orders: z.boolean(),
    deals: z.boolean(),
    history_orders: z.boolean(),
  }),
  highest_magic: magic,
  candles: z.array(pushedCandles).max(20).optional(),
  /** Left out by a bridge that guards nothing by itself, which is then given no order of a guard. */
  guard: guardReport.nullish(),
});

export const executionResult = z.object({
  cmd_id: z.string(),
  outcome: z.enum(['done', 'partial', 'placed', 'failed', 'expired', 'refused', 'unknown']),
  retcode: z.number().int().nullable(),
  order: ticket.nullable(),
  deal: ticket.nullable(),
  price: decimal.nullable(),
  volume: decimal.nullable(),
  reason: z.string().max(300).transform(cleaned).nullable(),
  attempt: z.number().int().nonnegative().nullish(),
  /** The trade server's own words. */
  broker_comment: z.string().max(300).transform(cleaned).nullish(),
});
export const executeReply = z.object({ ...common, kind: z.literal('execute'), result: executionResult });

export const lookupReply = z.object({
  ...common,
  kind: z.literal('lookup'),
  journal: z.enum(['absent', 'intent', 'result']),
  /** How its last attempt ended, where the journal holds that. */
  result: executionResult.nullish(),
  orders: z.array(orderInfo),
  history_orders: z.array(orderInfo),
  positions: z.array(positionInfo),
  deals: z.array(dealInfo),
});

export const candlesReply = z.object({
  ...common,
  kind: z.literal('candles'),
  /** The broker's own time, in UTC: a bar that ends after it is still open. */
  server_now: time.optional(),
  candles: z.array(bar).max(5_000),
});

/** What the bridge's guard says once it has taken an order. */
export const guardReply = z.object({ ...common, kind: z.literal('guard'), guard: guardReport });

export type Snapshot = z.output<typeof snapshotReply>;
export type PushedCandles = z.output<typeof pushedCandles>;
export type ExecutionResult = z.output<typeof executionResult>;
export type Lookup = z.output<typeof lookupReply>;
export type CandlesReply = z.output<typeof candlesReply>;

const PENDING = ['buy_limit', 'sell_limit', 'buy_stop', 'sell_stop'] as const;

const given = {
  cmd_id: z.string(),
  attempt: z.number().int().nonnegative(),
  expires_at: z.string(),
  evidence: z.object({ magic: z.string(), comment: z.string() }),
};
const terminal = { login: z.string(), server: z.string(), symbol: z.string() };

const tradeCommand = z.object({
  ...given,
  kind: z.enum(['open', 'place', 'close']),
  /** What must hold at the terminal when it is sent; `price_low` and `price_high` bound the quote it would trade at. */
  pre: z.object({
    ...terminal,
    position_id: z.string().optional(),
    volume_at_most: z.string().optional(),
    max_spread_points: z.number().optional(),
    price_low: z.string().optional(),
    price_high: z.string().optional(),
  }),
  order: z.object({
    symbol: z.string(),
    type: z.enum(['buy', 'sell', ...PENDING]),
    volume: z.string(),
    price: z.string().optional(),
    stop_loss: z.string().optional(),
    take_profit: z.string().optional(),
    deviation_points: z.number().optional(),
    position_ticket: z.string().optional(),
    /** When a pending order ends, ISO 8601; without it, when it is cancelled. */
    expires_at: z.string().optional(),
  }),
});
/** Takes back the working order of this ticket. */
const cancelCommand = z.object({
  ...given,
  kind: z.literal('cancel'),
  pre: z.object(terminal),
  order: z.object({ symbol: z.string(), order_ticket: z.string() }),
});
/** Sets both levels of a position; one that is left out stays as it is, null takes it away. */
const modifyCommand = z.object({
  ...given,
  kind: z.literal('modify_sltp'),
  pre: z.object({ ...terminal, position_id: z.string() }),
  order: z.object({
    symbol: z.string(),
    position_ticket: z.string(),
    stop_loss: z.string().nullable().optional(),
    take_profit: z.string().nullable().optional(),
  }),
});
/** What we tell a bridge to do. The id, magic and comment were committed before this is sent. */
export const bridgeCommand = z.discriminatedUnion('kind', [tradeCommand, cancelCommand, modifyCommand]);
export type BridgeCommand = z.output<typeof bridgeCommand>;
/** What is told, without whose it is and which try. */
export type TradeInstruction = Pick<z.output<typeof tradeCommand>, 'kind' | 'pre' | 'order'>;
export type CancelInstruction = Pick<z.output<typeof cancelCommand>, 'kind' | 'pre' | 'order'>;
export type ModifyInstruction = Pick<z.output<typeof modifyCommand>, 'kind' | 'pre' | 'order'>;

/**
 * What a bridge guards by itself, also while we are away (domain: drawdown guard). The newest version holds; money as decimal
 * strings in the account's currency. An order for another login or server than the terminal's is refused.
 */
export const guardOrder = z.object({
  /** Grows with each change; an older one is ignored. */
  version: z.number().int().nonnegative(),
  login: z.string(),
  server: z.string(),
  /** False: it watches nothing by itself. A `close` is carried out all the same. */
  armed: z.boolean(),
  scope: z.enum(['all', 'own']),
  /** Ours are the positions and orders whose magic number is this one in its upper 24 bits: magic >> 40. */
  namespace: z.number().int(),
  /** Of the unitised account: value of a unit = equity / units, and the highest that it was. */
  units: z.string(),
  peak: z.string(),
  /** Balance and credit as they were when all deals up to `booked_to`, and none later, were in them. */
  balance: z.string(),
  credit: z.string(),
  booked_to: z.string().nullable(),
  /** Fall of a unit's value from its peak, in basis points, at which it warns, and closes at once. */
  trip_bps: z.number().int().positive(),
  hard_bps: z.number().int().positive(),
  /** Equity, of the whole account, under which it warns; null: none, or one that the account has never had yet. */
  equity_floor: z.string().nullable(),
  warning_ms: z.number().int().nonnegative(),
  /** To be closed from `not_before` on, ISO 8601, whether we are heard of again or not, unless a newer version revokes it. */
  close: z.object({ trip_id: z.string(), not_before: z.string(), revocable: z.boolean() }).nullable(),
  /** It has closed and nobody has re-armed it: it watches nothing by itself and reports nothing more. */
  latched: z.boolean(),
});
export type GuardOrder = z.output<typeof guardOrder>;

const asked = { v: z.literal(PROTOCOL_VERSION), request_id: z.string(), sent_at: z.string() };

/** Everything that we ask a bridge, as it travels, whichever lane carries it. */
export const bridgeRequest = z.discriminatedUnion('kind', [
  z.object({
    ...asked,
    kind: z.literal('snapshot'),
    /** Deals and ended orders from this time on, null: from the beginning, and before that one, null: to the end. */
    deals_from: z.string().nullable(),
    deals_to: z.string().nullable(),
    guard: guardOrder.optional(),
  }),
  /** Given at once after a change, to a bridge whose snapshot carried a report. */
  z.object({ ...asked, kind: z.literal('guard'), guard: guardOrder }),
  z.object({ ...asked, kind: z.literal('execute'), command: bridgeCommand }),
  z.object({ ...asked, kind: z.literal('lookup'), cmd_id: z.string(), magic: z.string() }),
  z.object({
    ...asked,
    kind: z.literal('candles'),
    symbol: z.string(),
    timeframe: z.string(),
    count: z.number().int(),
    from: z.string().nullable(),
    to: z.string().nullable(),
  }),
]);
export type BridgeRequest = z.output<typeof bridgeRequest>;
