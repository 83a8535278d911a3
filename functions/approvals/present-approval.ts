import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { timestamp, uuid } from '../platform/contract.ts';
import type { Approval } from './approval-store.ts';

/** A decision as the API shows one. */
export const approvalSchema = z
  .object({
    id: uuid,
    signal_id: uuid,
    user_id: uuid,
    decision: z.enum(['approved', 'rejected']),
    account_id: uuid.nullable(),
    channel: z.enum(['token', 'console', 'telegram']),
    consent_version: z.number().int(),
    consent_sha256: z.string(),
    terms: z.record(z.string(), z.unknown()),
    terms_sha256: z.string(),
    terms_shown: z.boolean(),
    reason: z.string().nullable(),
    created_at: timestamp,
  })
  .openapi('Approval');

/** The wire form of a decision. */
export const presentApproval = (a: Approval): z.output<typeof approvalSchema> => ({
  id: a.id,
  signal_id: a.signalId,
  user_id: a.userId,
  decision: a.decision,
  account_id: a.accountId,
  channel: a.channel,
  consent_version: a.consentVersion,
  consent_sha256: a.consentSha256,
  terms: a.terms,
  terms_sha256: a.termsSha256,
  terms_shown: a.termsShown,
  reason: a.reason,
  created_at: isoTime(a.createdMs),
});
