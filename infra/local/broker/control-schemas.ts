// Bodies of the control endpoint. Unknown fields are refused, so that a misspelt field is noticed by whoever tests.
import { z } from 'zod';
import { TIMEFRAMES } from './candle-book.ts';
import { isFaultKind } from './fault-book.ts';

const login = z.string().regex(/^\d{1,20}$/);
const symbol = z.string().min(1).max(40);
const ticket = z.string().regex(/^\d{1,20}$/);
const number = z.union([z.string(), z.number()]).transform(String);
const positive = number.pipe(z.string().regex(/^\d{1,12}(\.\d{1,10})?$/));
const signed = number.pipe(z.string().regex(/^-?\d{1,12}(\.\d{1,10})?$/));
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const level = positive.nullish();

export const controlSchemas = {
  accounts: z.strictObject({
    login,
    server: z.string().min(1).max(100),
    currency: z.string().regex(/^[A-Z]{3}$/),
    margin_mode: z.enum(['hedging', 'netting', 'exchange']),
    balance: positive,
    trade_mode: z.enum(['demo', 'contest', 'real']).default('demo'),
    server_tz: z.string().default('NY+7'),
    leverage: z.int().min(1).max(3000).default(100),
    company: z.string().max(100).default('Simulated Markets Ltd'),
  }),
  bridges: z.strictObject({ bridge_id: z.string().min(1).max(100), secret: z.string(), login }),
  candles: z.strictObject({ symbol, timeframe: z.enum(TIMEFRAMES), file: z.string().min(1) }),
  tick: z.union([
    z.strictObject({ symbol, bid: positive, ask: positive.optional(), time: instant.optional() }),
    z.strictObject({
      symbol,
      steps: z.int().min(1).max(100_000),
      step_seconds: z.number().min(0).max(86_400).default(0),
    }),
  ]),
  fault: z.strictObject({
    kind: z.string().refine(isFaultKind, 'unknown fault'),
    login: login.optional(),
    times: z.int().min(0).max(10_000).default(1),
    on: z.enum(['snapshot', 'execute', 'lookup', 'candles']).optional(),
    hold_ms: z.int().min(0).max(600_000).optional(),
  }),
  deposit: z.strictObject({ login, amount: signed, comment: z.string().max(31).optional() }),
  charge: z.strictObject({
    login,
    amount: signed,
    type: z.enum(['charge', 'correction', 'bonus', 'commission', 'interest']).default('charge'),
    comment: z.string().max(31).optional(),
  }),
  manualTrade: z.union([
    z.strictObject({ login, symbol, side: z.enum(['buy', 'sell']), volume: positive, sl: level, tp: level }),
    z.strictObject({ login, close: ticket, volume: positive.optional() }),
    z.strictObject({ login, modify: ticket, sl: level, tp: level }),
    z.strictObject({ login, cancel: ticket }),
  ]),
  clock: z.union([
    z.strictObject({ now: instant }),
    z.strictObject({ advance_seconds: z.number().min(0).max(400_000_000) }),
  ]),
  trading: z.strictObject({ login, allowed: z.boolean() }),
  symbols: z.strictObject({
    symbol,
    market: z.enum(['open', 'closed', 'sessions']).optional(),
    trade_mode: z.enum(['disabled', 'long_only', 'short_only', 'close_only', 'full']).optional(),
    spread: z.int().min(0).optional(),
    stops_level: z.int().min(0).optional(),
    freeze_level: z.int().min(0).optional(),
    commission: positive.optional(),
    swap_long: signed.optional(),
    swap_short: signed.optional(),
    volume_min: positive.optional(),
    volume_max: positive.optional(),
    volume_step: positive.optional(),
    volume_limit: positive.optional(),
    margin_rate: positive.optional(),
    hourly_sigma_points: z.number().min(0).optional(),
  }),
};

export type ControlBody<K extends keyof typeof controlSchemas> = z.infer<(typeof controlSchemas)[K]>;
