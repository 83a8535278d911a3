import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { timestamp, uuid } from '../platform/contract.ts';
import type { Bridge } from './bridge-store.ts';

/** A bridge as the API shows one; its secret is never part of it. */
export const bridgeSchema = z
  .object({
    id: uuid,
    owner_id: uuid,
    name: z.string(),
    url: z.string().nullable().openapi({ description: 'where it is called; null: it polls' }),
    created_at: timestamp,
    revoked: z.boolean(),
  })
  .openapi('Bridge');

/** The wire form of a bridge. */
export const presentBridge = (b: Bridge): z.output<typeof bridgeSchema> => ({
  id: b.id,
  owner_id: b.ownerId,
  name: b.name,
  url: b.url,
  created_at: isoTime(b.createdMs),
  revoked: b.revoked,
});
