/**
 * The signed protocol between us and the program beside an MT5 terminal (domain: bridge protocol): one envelope, one
 * schema. Numbers that must not lose a digit travel as decimal strings, tickets and magic numbers as text, times as
 * ISO 8601 UTC. What a bridge says beyond this is ignored; what it leaves out fails the whole reply.
 */
import { z } from 'zod';

export const PROTOCOL_VERSION = 1;

const decimal = z.string().regex(/^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,8})?$/);
const ticket = z.string().regex(/^\d{1,20}$/);
const time = z.iso.datetime({ offset: true }).transform((s) => Date.parse(s));
const label = z.string().max(100);

const common = {
  v: z.literal(PROTOCOL_VERSION),
  request_id: z.string(),
  boot_id: z.string().min(1).max(100),
  seq: z.number().int().nonnegative(),
};

export const accountInfo = z.object({
  login: z.string().regex(/^\d{1,20}$/),
  server: z.string().min(1).max(100),
  currency: z.string().min(1).max(12),
  margin_mode: z.enum(['hedging', 'netting', 'exchange']),
  trade_mode: z.enum(['demo', 'contest', 'real']),
  balance: decimal,
  credit: decimal,
  profit: decimal,
  equity: decimal,
  margin: decimal,
  margin_free: decimal,
  trade_allowed: z.boolean(),
});

export const positionInfo = z.object({
  ticket,
  identifier: ticket,
  time,
  type: z.enum(['buy', 'sell']),
  magic: ticket,
  volume: decimal,
  price_open: decimal,
  sl: decimal.nullable(),
  tp: decimal.nullable(),
  price_current: decimal,
  swap: decimal,
  profit: decimal,
  symbol: label,
  comment: label,
});

export const orderInfo = z.object({
  ticket,
  time_setup: time,
  time_done: time.nullish(),
  type: label,
  state: label,
  magic: ticket,
  position_id: ticket,
  volume_initial: decimal,
  volume_current: decimal,
  price_open: decimal,
  symbol: label,
  comment: label,
});

export const dealInfo = z.object({
  ticket,
  order: ticket,
  position_id: ticket,
  time,
  type: label,
  entry: z.enum(['in', 'out', 'inout', 'out_by']).nullable(),
  magic: ticket,
  reason: label,
  volume: decimal,
  price: decimal,
  commission: decimal,
  swap: decimal,
  profit: decimal,
  fee: decimal,
  symbol: label,
  comment: label,
  external_id: label,
});

export const symbolInfo = z.object({
  symbol: label,
  digits: z.number().int().min(0).max(8),
  point: decimal,
  volume_min: decimal,
  volume_max: decimal,
  volume_step: decimal,
  bid: decimal,
  ask: decimal,
  time,
});

export const snapshotReply = z.object({
  ...common,
  kind: z.literal('snapshot'),
  captured_at: time,
  connected: z.boolean(),
  account: accountInfo,
  positions: z.array(positionInfo).max(2_000),
  orders: z.array(orderInfo).max(2_000),
  deals: z.array(dealInfo).max(10_000),
  history_orders: z.array(orderInfo).max(10_000),
  symbols: z.array(symbolInfo).max(2_000),
  sections: z.object({
    account: z.boolean(),
    positions: z.boolean(),
    orders: z.boolean(),
    deals: z.boolean(),
    history_orders: z.boolean(),
  }),
  highest_magic: ticket,
});

export const executionResult = z.object({
  cmd_id: z.string(),
  outcome: z.enum(['done', 'partial', 'placed', 'failed', 'expired', 'refused', 'unknown']),
  retcode: z.number().int().nullable(),
  order: ticket.nullable(),
  deal: ticket.nullable(),
  price: decimal.nullable(),
  volume: decimal.nullable(),
  reason: z.string().max(300).nullable(),
});
export const executeReply = z.object({ ...common, kind: z.literal('execute'), result: executionResult });

export const lookupReply = z.object({
  ...common,
  kind: z.literal('lookup'),
  journal: z.enum(['absent', 'intent', 'result']),
  orders: z.array(orderInfo),
  history_orders: z.array(orderInfo),
  positions: z.array(positionInfo),
  deals: z.array(dealInfo),
});

export const candlesReply = z.object({
  ...common,
  kind: z.literal('candles'),
  candles: z
    .array(z.object({ time, open: decimal, high: decimal, low: decimal, close: decimal, volume: decimal }))
    .max(5_000),
});

export type Snapshot = z.output<typeof snapshotReply>;
export type ExecutionResult = z.output<typeof executionResult>;
export type Lookup = z.output<typeof lookupReply>;
export type Candles = z.output<typeof candlesReply>['candles'];

/** What we tell a bridge to do. The id, magic and comment were committed before this is sent. */
export type BridgeCommand = {
  cmd_id: string;
  attempt: number;
  kind: 'open' | 'close';
  expires_at: string;
  /** What must hold at the terminal when it is sent; `price_low` and `price_high` bound the quote it would trade at. */
  pre: {
    login: string;
    server: string;
    symbol: string;
    position_id?: string;
    volume_at_most?: string;
    price_low?: string;
    price_high?: string;
  };
  order: {
    symbol: string;
    type: 'buy' | 'sell';
    volume: string;
    price?: string;
    stop_loss?: string;
    take_profit?: string;
    deviation_points?: number;
    position_ticket?: string;
  };
  evidence: { magic: string; comment: string };
};
