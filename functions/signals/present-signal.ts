import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { decimal, timestamp, uuid } from '../platform/contract.ts';
import { plain, plainOrNull } from '../platform/decimal.ts';
import { SIGNAL_STATUS } from './signal-status.ts';
import type { Signal } from './signal-store.ts';

/** A signal as the API shows one; `status` is the caller's own delivery. */
export const signalSchema = z
  .object({
    id: uuid,
    user_id: uuid,
    producer_id: uuid,
    instrument: z.string(),
    side: z.enum(['buy', 'sell']),
    price: decimal,
    intent: z.enum(['open', 'close']),
    order_type: z.enum(['market', 'limit', 'stop']),
    stop_loss: decimal.nullable(),
    take_profit: decimal.nullable(),
    order_expires_at: timestamp.nullable(),
    max_slippage_points: z.number().int().nullable(),
    time: timestamp,
    expires_at: timestamp,
    version: z.string(),
    external_id: z.string().nullable(),
    strategy: z.string().nullable(),
    timeframe: z.string().nullable(),
    schema: z.number().int(),
    payload: z.record(z.string(), z.unknown()).nullable(),
    status: z.enum(SIGNAL_STATUS),
    refusal: z.string().nullable(),
    trust: z.enum(['signed', 'tradingview']),
    stale: z.boolean(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .openapi('Signal');

/** The wire form of a signal. */
export const presentSignal = (s: Signal): z.output<typeof signalSchema> => ({
  id: s.id,
  user_id: s.userId,
  producer_id: s.producerId,
  instrument: s.instrument,
  side: s.side,
  price: plain(s.price),
  intent: s.intent,
  order_type: s.orderType,
  stop_loss: plainOrNull(s.stopLoss),
  take_profit: plainOrNull(s.takeProfit),
  order_expires_at: s.orderExpiresMs === null ? null : isoTime(s.orderExpiresMs),
  max_slippage_points: s.maxSlippagePoints,
  time: isoTime(s.timeMs),
  expires_at: isoTime(s.expiresMs),
  version: s.version,
  external_id: s.externalId,
  strategy: s.strategy,
  timeframe: s.timeframe,
  schema: s.schema,
  payload: s.payload,
  status: s.status,
  refusal: s.refusal,
  trust: s.trust,
  stale: s.stale,
  created_at: isoTime(s.createdMs),
  updated_at: isoTime(s.updatedMs),
});
