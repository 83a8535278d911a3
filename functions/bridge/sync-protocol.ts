/**
 * The poll lane (`POST /bridge/v1/sync`): a bridge that nobody can call fetches what we ask and brings what came of it. One
 * message carries the very objects that the webhook carries: its request a snapshot and replies, ours requests. What an
 * answer is about is told by the `request_id` of what was asked, as in a call.
 */
import { z } from 'zod';
import {
  bridgeRequest,
  candlesReply,
  executeReply,
  guardOrder,
  lookupReply,
  PROTOCOL_VERSION,
  snapshotReply,
} from './bridge-protocol.ts';

/** More replies than this no reply of ours can have asked for. */
const MAX_REPLIES = 200;

const envelope = { v: z.literal(PROTOCOL_VERSION), kind: z.literal('sync'), request_id: z.string().max(200) };

export const syncRequest = z.strictObject({
  ...envelope,
  sent_at: z.iso.datetime({ offset: true }),
  /** Since when the snapshot's deals and ended orders were read, as our last reply said; null: from the beginning. */
  deals_from: z.iso
    .datetime({ offset: true })
    .transform((s) => Date.parse(s))
    .nullable(),
  /** Null: only to learn `deals_from`, or the terminal cannot be read. Nothing is handed out then. */
  snapshot: snapshotReply.nullable(),
  replies: z.array(z.discriminatedUnion('kind', [executeReply, lookupReply, candlesReply])).max(MAX_REPLIES),
});
export type SyncRequest = z.output<typeof syncRequest>;

export const syncReply = z.object({
  ...envelope,
  server_time: z.string(),
  /** When to come again, from now on, in ms. */
  next_sync_ms: z.number().int(),
  deals_from: z.string().nullable(),
  /** What came of the snapshot: `applied`, or why it changed nothing; null where none was sent. */
  outcome: z.string().nullable(),
  /** What to carry out, in this order. */
  requests: z.array(bridgeRequest),
  /** By what its guard judges from now on; left out for a bridge that reported none, or where nothing is ordered. */
  guard: guardOrder.optional(),
});
export type SyncReply = z.output<typeof syncReply>;
