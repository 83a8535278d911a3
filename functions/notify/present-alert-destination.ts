import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { timestamp, uuid } from '../platform/contract.ts';
import type { StoredDestination } from './destination-store.ts';

/** A destination of alerts as the API shows one; its secret is never part of it. */
export const alertDestinationSchema = z
  .object({
    id: uuid,
    owner_id: uuid,
    user_id: uuid.nullable(),
    channel: z.enum(['telegram', 'webhook']),
    name: z.string(),
    chat_id: z.string().optional(),
    url: z.string().optional(),
    created_at: timestamp,
    revoked: z.boolean(),
  })
  .openapi('AlertDestination');

/** The wire form of a destination. Of an address only its host is shown: what stands behind it is often a secret. */
export const presentAlertDestination = (d: StoredDestination): z.output<typeof alertDestinationSchema> => ({
  id: d.id,
  owner_id: d.ownerId,
  user_id: d.userId,
  channel: d.channel,
  name: d.name,
  ...(d.channel === 'telegram' ? { chat_id: d.address } : { url: `${new URL(d.address).origin}/...` }),
  created_at: isoTime(d.createdMs),
  revoked: d.revoked,
});
