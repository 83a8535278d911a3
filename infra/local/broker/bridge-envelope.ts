// The envelopes a bridge understands (domain.md section 7), as schemas. Unknown fields are ignored, so that a newer
// caller can still talk to this bridge; an absent optional field and null mean the same, except for stop levels.
import { z } from 'zod';
import { PENDING_TYPES } from './broker-records.ts';
import { TIMEFRAMES } from './candle-book.ts';
import { guardOrderSchema } from './guard-order.ts';

const decimalText = z.string().regex(/^\d+(\.\d+)?$/);
const ticket = z.string().regex(/^\d{1,20}$/);
const instant = z.iso.datetime({ offset: true });
const common = { v: z.literal(1), request_id: z.string().min(1).max(200), sent_at: instant };

const commandSchema = z.object({
  cmd_id: z.string().regex(/^[A-Za-z0-9_.:-]{1,100}$/),
  attempt: z.int().min(0).max(15),
  kind: z.enum(['open', 'close', 'close_by', 'place', 'modify_order', 'cancel', 'modify_sltp']),
  expires_at: instant,
  pre: z.object({
    login: z.string(),
    server: z.string(),
    symbol: z.string(),
    position_id: ticket.nullish(),
    volume_at_most: decimalText.nullish(),
    max_spread_points: z.number().min(0).nullish(),
    price_low: decimalText.nullish(),
    price_high: decimalText.nullish(),
  }),
  order: z.object({
    symbol: z.string(),
    type: z.enum(['buy', 'sell', ...PENDING_TYPES]).nullish(),
    volume: decimalText.nullish(),
    price: decimalText.nullish(),
    /** The limit that a stop-limit places once `price` is reached. */
    price_stoplimit: decimalText.nullish(),
    stop_loss: decimalText.nullish(),
    take_profit: decimalText.nullish(),
    deviation_points: z.number().min(0).nullish(),
    position_ticket: ticket.nullish(),
    /** The opposite position of a close-by. */
    position_by_ticket: ticket.nullish(),
    order_ticket: ticket.nullish(),
    expires_at: instant.nullish(),
    expiration: z.enum(['gtc', 'day', 'specified', 'specified_day']).nullish(),
    filling: z.enum(['fok', 'ioc', 'return', 'boc']).nullish(),
  }),
  evidence: z.object({ magic: ticket, comment: z.string() }),
});

export const envelopeSchema = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    kind: z.literal('snapshot'),
    deals_from: instant.nullish(),
    deals_to: instant.nullish(),
    /** One that cannot be read is none: the snapshot that it came with is worth more. */
    guard: guardOrderSchema.optional().catch(undefined),
  }),
  z.object({ ...common, kind: z.literal('guard'), guard: guardOrderSchema }),
  z.object({ ...common, kind: z.literal('execute'), command: commandSchema }),
  z.object({ ...common, kind: z.literal('lookup'), cmd_id: z.string(), magic: ticket }),
  z.object({
    ...common,
    kind: z.literal('candles'),
    symbol: z.string(),
    timeframe: z.enum(TIMEFRAMES),
    from: instant.nullish(),
    to: instant.nullish(),
    count: z.int().min(1).max(5000).nullish(),
  }),
]);

export type Envelope = z.infer<typeof envelopeSchema>;
export type Command = z.infer<typeof commandSchema>;

export interface CommandResult {
  cmd_id: string;
  attempt: number;
  outcome: 'done' | 'partial' | 'placed' | 'failed' | 'expired' | 'refused' | 'unknown';
  retcode: number | null;
  order: string | null;
  deal: string | null;
  price: string | null;
  volume: string | null;
  bid: string | null;
  ask: string | null;
  broker_comment: string;
  /** Real UTC; null where nothing was sent. */
  t_sent: string | null;
  t_done: string | null;
  reason: string | null;
}
