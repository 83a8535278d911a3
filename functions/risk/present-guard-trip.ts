import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { timestamp, uuid } from '../platform/contract.ts';
import type { StoredTrip } from './guard-trip-store.ts';

/** A trip as the API shows one. */
export const guardTripSchema = z
  .object({
    trip_id: uuid,
    account_id: uuid,
    cause: z.string().openapi({
      description:
        'by which it began, several with a comma between: `drawdown`, `floor`, `daily:` and a rule, `person` ...',
    }),
    shadow: z.boolean().openapi({ description: 'it would have been: nothing was closed for it' }),
    scope: z.enum(['all', 'own']),
    warned_at: timestamp,
    deadline_at: timestamp.openapi({
      description: 'when its closing began at the latest, unless it was revoked',
    }),
    triggered_at: timestamp.nullable(),
    revoked_at: timestamp.nullable(),
    flat_at: timestamp
      .nullable()
      .openapi({ description: 'when two snapshots had shown nothing in its scope' }),
    stopped_at: timestamp.nullable().openapi({ description: 'when an owner stopped its closing' }),
    ended_at: timestamp.nullable(),
    ended_by: uuid.nullable(),
    end_reason: z.string().nullable(),
  })
  .openapi('GuardTrip');

const time = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

/** The wire form of a trip. */
export const presentGuardTrip = (t: StoredTrip): z.output<typeof guardTripSchema> => ({
  trip_id: t.id,
  account_id: t.accountId,
  cause: t.cause,
  shadow: t.shadow,
  scope: t.scope,
  warned_at: isoTime(t.warnedMs),
  deadline_at: isoTime(t.deadlineMs),
  triggered_at: time(t.triggeredMs),
  revoked_at: time(t.revokedMs),
  flat_at: time(t.flatMs),
  stopped_at: time(t.stoppedMs),
  ended_at: time(t.endedMs),
  ended_by: t.endedBy,
  end_reason: t.endReason,
});
