import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { timestamp, uuid } from '../platform/contract.ts';
import type { StoredRow } from './divergence-store.ts';

export const divergenceSchema = z
  .object({
    id: uuid,
    account_id: uuid,
    code: z.string(),
    broker_key: z.string().openapi({ description: 'what it is about, in the broker’s own numbers' }),
    evidence: z.record(z.string(), z.string()),
    policy: z.enum(['notice', 'automatic', 'person']),
    status: z.enum(['open', 'resolved']),
    detected_at: timestamp,
    seen_at: timestamp.nullable(),
    resolved_at: timestamp.nullable(),
    resolution: z.enum(['noted', 'settled', 'adopted', 'ignored', 'closed']).nullable(),
    resolved_by: uuid.nullable(),
    reason: z.string().nullable(),
    signal_id: uuid.nullable(),
  })
  .openapi('Divergence');

const time = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

/** A divergence as the contract shows it. */
export const presentDivergence = (d: StoredRow): z.output<typeof divergenceSchema> => ({
  id: d.id,
  account_id: d.accountId,
  code: d.code,
  broker_key: d.brokerKey,
  evidence: d.evidence,
  policy: d.policy,
  status: d.status,
  detected_at: isoTime(d.detectedMs),
  seen_at: time(d.seenMs),
  resolved_at: time(d.resolvedMs),
  resolution: d.resolution,
  resolved_by: d.resolvedBy,
  reason: d.reason,
  signal_id: d.signalId,
});
