import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { timestamp, uuid } from '../platform/contract.ts';
import type { Deployment } from './deployment-store.ts';
import type { Suspicion } from './epoch-suspicion-store.ts';
import { LAST_EPOCH } from './restore-epoch.ts';

/** Why somebody halts or resumes: it is stored with the halt, told with the alert and kept in the audit. */
export const haltReason = z.strictObject({ reason: z.string().trim().min(1).max(500) }).openapi('HaltReason');

/** Of a halt: whether orders that work are taken back too. */
export const withdrawPending = z.boolean().default(false).openapi({
  description:
    'take back orders of ours that work at the broker, now and as long as the halt lasts; without it they go on, and may fill',
});

/** The deployment as the API shows it. */
export const deploymentSchema = z
  .object({
    halted: z.boolean().openapi({ description: 'no account takes entries; closes are never held back' }),
    halted_at: timestamp.nullable(),
    halted_by: uuid.nullable().openapi({ description: 'the user who did; null where it was done by hand' }),
    reason: z.string().nullable(),
    withdraw_pending: z
      .boolean()
      .openapi({ description: 'working orders are taken back as long as it lasts' }),
    epoch: z
      .number()
      .int()
      .openapi({ description: `the restore epoch of the magic numbers, at most ${LAST_EPOCH}` }),
    epoch_behind_at: timestamp.nullable().openapi({
      description:
        'since when no account takes entries, because brokers of several users know orders that these books do not; an owner raises the restore epoch, or dismisses what they show',
    }),
  })
  .openapi('Deployment');

/** The deployment with the accounts of which a restore is suspected. */
export const judgedDeploymentSchema = deploymentSchema
  .extend({
    suspected: z
      .array(
        z.object({
          account_id: uuid,
          user_id: uuid,
          since: timestamp,
          magic: z.string(),
          witness: z
            .boolean()
            .openapi({ description: 'whether it counts for others: two users’ witnesses stop all entries' }),
        }),
      )
      .openapi({
        description:
          'accounts whose broker shows a magic number that we have yet to give, which take no entries; at most 100',
      }),
  })
  .openapi('JudgedDeployment');

/** The wire form of the deployment. */
export const presentDeployment = (d: Deployment): z.output<typeof deploymentSchema> => ({
  halted: d.halted,
  halted_at: d.halt === null ? null : isoTime(d.halt.sinceMs),
  halted_by: d.halt?.userId ?? null,
  reason: d.halt?.reason ?? null,
  withdraw_pending: d.withdrawPending,
  epoch: d.epoch,
  epoch_behind_at: d.epochBehindMs === null ? null : isoTime(d.epochBehindMs),
});

/** The wire form of suspicions. */
export const presentSuspicions = (
  found: readonly Suspicion[],
): z.output<typeof judgedDeploymentSchema>['suspected'] =>
  found.map((s) => ({
    account_id: s.accountId,
    user_id: s.userId,
    since: isoTime(s.sinceMs),
    magic: s.magic,
    witness: s.witness,
  }));
