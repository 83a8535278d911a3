import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { timestamp, uuid } from '../platform/contract.ts';
import type { Producer } from './producer-store.ts';

/** A producer as the API shows one; secrets are never part of it. */
export const producerSchema = z
  .object({
    id: uuid,
    owner_id: uuid,
    name: z.string(),
    instruments: z.array(z.string()),
    dedup_scope: uuid,
    dedup_window_seconds: z.number().int(),
    max_age_seconds: z.number().int(),
    rate_per_minute: z.number().int(),
    created_at: timestamp,
    revoked: z.boolean(),
  })
  .openapi('Producer');

/** The wire form of a producer. */
export const presentProducer = (p: Producer): z.output<typeof producerSchema> => ({
  id: p.id,
  owner_id: p.ownerId,
  name: p.name,
  instruments: p.instruments,
  dedup_scope: p.dedupScope,
  dedup_window_seconds: p.dedupWindowSeconds,
  max_age_seconds: p.maxAgeSeconds,
  rate_per_minute: p.ratePerMinute,
  created_at: isoTime(p.createdMs),
  revoked: p.revoked,
});
