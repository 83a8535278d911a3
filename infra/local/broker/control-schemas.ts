// Bodies of the control endpoint. Unknown fields are refused, so that a misspelt field is noticed by whoever tests.
import { z } from 'zod';
import { PENDING_TYPES } from './broker-records.ts';
import { TIMEFRAMES } from './candle-book.ts';
import { isFaultKind } from './fault-book.ts';
import { ACCOUNT_DEFAULTS } from './row-defaults.ts';

const login = z.string().regex(/^\d{1,20}$/);
const symbol = z.string().regex(/^[A-Za-z0-9_.#-]{1,40}$/);
const ticket = z.string().regex(/^\d{1,20}$/);
const number = z.union([z.string(), z.number()]).transform(String);
const positive = number.pipe(z.string().regex(/^\d{1,12}(\.\d{1,10})?$/));
const signed = number.pipe(z.string().regex(/^-?\d{1,12}(\.\d{1,10})?$/));
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const level = positive.nullish();

const account = z.strictObject({
  login,
  server: z.string().min(1).max(100),
  currency: z.string().regex(/^[A-Z]{3}$/),
  margin_mode: z.enum(['hedging', 'netting', 'exchange']),
  balance: positive,
  trade_mode: z.enum(['demo', 'contest', 'real']).default('demo'),
  server_tz: z.string().default('NY+7'),
  leverage: z.int().min(1).max(3000).default(100),
  company: z.string().max(100).default('Simulated Markets Ltd'),
  margin_so_call: positive.default(ACCOUNT_DEFAULTS.margin_so_call),
  margin_so_so: positive.default(ACCOUNT_DEFAULTS.margin_so_so),
  fifo_close: z.boolean().default(ACCOUNT_DEFAULTS.fifo_close),
  comment_length: z.int().min(0).max(31).default(ACCOUNT_DEFAULTS.comment_length),
  keeps_magic: z.boolean().default(ACCOUNT_DEFAULTS.keeps_magic),
});
const bridge = z.strictObject({
  bridge_id: z.string().min(1).max(100),
  secret: z.string(),
  login,
  sync_url: z.url().optional(),
});
const pendingType = z.enum(PENDING_TYPES);

export const controlSchemas = {
  accounts: z.union([z.strictObject({ accounts: z.array(account).min(1).max(100_000) }), account]),
  bridges: z.union([z.strictObject({ bridges: z.array(bridge).min(1).max(100_000) }), bridge]),
  candles: z.strictObject({
    symbol,
    timeframe: z.enum(TIMEFRAMES),
    file: z.string().min(1),
    until: instant.optional(),
  }),
  tick: z.union([
    z.strictObject({ symbol, bid: positive, ask: positive.optional(), time: instant.optional() }),
    z.strictObject({
      symbol,
      steps: z.int().min(1).max(100_000),
      step_seconds: z.number().min(0).max(86_400).default(0),
    }),
    z.strictObject({ symbol, candles: z.int().min(1).max(100_000) }),
  ]),
  fault: z.strictObject({
    kind: z.string().refine(isFaultKind, 'unknown fault'),
    login: login.optional(),
    times: z.int().min(0).max(10_000).default(1),
    on: z.enum(['snapshot', 'execute', 'lookup', 'candles', 'guard', 'sync']).optional(),
    hold_ms: z.int().min(0).max(600_000).optional(),
  }),
  deposit: z.strictObject({ login, amount: signed, comment: z.string().max(31).optional() }),
  charge: z.strictObject({
    login,
    amount: signed,
    type: z
      .enum([
        'charge',
        'correction',
        'bonus',
        'commission',
        'commission_daily',
        'commission_monthly',
        'interest',
        'dividend',
        'tax',
      ])
      .default('charge'),
    comment: z.string().max(31).optional(),
  }),
  manualTrade: z.union([
    z.strictObject({
      ...{ login, symbol, side: z.enum(['buy', 'sell']), volume: positive, sl: level, tp: level },
      /** Another program's at the terminal; none: by hand. */
      magic: ticket.optional(),
    }),
    z.strictObject({ login, close: ticket, volume: positive.optional() }),
    z.strictObject({ login, modify: ticket, sl: level, tp: level }),
    z.strictObject({ login, cancel: ticket }),
    z.strictObject({ login, close_by: z.tuple([ticket, ticket]) }),
    z.strictObject({
      login,
      place: pendingType,
      symbol,
      volume: positive,
      price: positive,
      price_stoplimit: positive.optional(),
      sl: level,
      tp: level,
      expires_at: instant.nullish(),
      expiration: z.enum(['gtc', 'day', 'specified', 'specified_day']).optional(),
    }),
    z.strictObject({ login, modify_order: ticket, price: positive.optional(), sl: level, tp: level }),
  ]),
  cancelDeal: z.strictObject({ login, deal: ticket }),
  ticket: z.strictObject({ login, position: ticket, deals: z.boolean().default(false) }),
  clock: z.union([
    z.strictObject({ now: instant }),
    z.strictObject({ advance_seconds: z.number().min(0).max(400_000_000) }),
  ]),
  guard: z.strictObject({
    login,
    /** False: the bridge is an older one, which guards nothing by itself. */
    enabled: z.boolean().optional(),
    /** So many looks of the guard, from a moment of the bridge's clock on; its timer then leaves the account alone. */
    steps: z.int().min(0).max(1_000).default(0),
    step_seconds: z.number().min(0).max(3_600).default(2),
    now: instant.optional(),
  }),
  restart: z.strictObject({ empty_history: z.int().min(0).max(10_000).default(0) }),
  trading: z.strictObject({ login, allowed: z.boolean() }),
  symbols: z.strictObject({
    symbol,
    /** Makes a new symbol with the terms of this one. */
    like: symbol.optional(),
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
    digits: z.int().min(0).max(8).optional(),
    tick_size: positive.optional(),
    contract_size: positive.optional(),
    fee: positive.optional(),
    commission_on: z.enum(['both', 'in']).optional(),
    swap_triple_day: z.int().min(0).max(6).nullable().optional(),
    execution: z.enum(['instant', 'market', 'exchange']).optional(),
    filling_modes: z.array(z.enum(['fok', 'ioc', 'boc'])).optional(),
    expiration_modes: z.array(z.enum(['gtc', 'day', 'specified', 'specified_day'])).optional(),
    session: z.enum(['fx', 'metal', 'crypto']).optional(),
    start_price: positive.optional(),
  }),
};

export type ControlBody<K extends keyof typeof controlSchemas> = z.infer<(typeof controlSchemas)[K]>;
