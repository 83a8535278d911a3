import { createRoute, z } from '@hono/zod-openapi';
import { accountFor } from '../execution/account-access.ts';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { booksMove } from './guard-conflict.ts';
import { stoppedTrip } from './guard-intervention.ts';
import { storeStop } from './guard-intervention-store.ts';
import { withGuard } from './guard-settings-store.ts';
import { guardView } from './guard-view-store.ts';
import { guardSchema } from './present-guard.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/accounts/{id}/guard/stop',
  tags: ['trading'],
  summary: 'Stop a closing that is under way or announced; what stands is left to its user (owner)',
  description:
    'Entries stay blocked until the guard is re-armed. What is on its way to the broker may still be carried out, and a ' +
    'bridge that cannot be reached does not hear of it.',
  security: bearer,
  middleware: requireCaller('admin'),
  request: {
    params: idParam,
    body: body(z.strictObject({ reason: z.string().trim().min(1).max(500) }).openapi('GuardStop')),
  },
  responses: { 200: json(guardSchema, 'The guard'), ...problems(400, 403, 404, 409, 415, 422) },
});

/** `POST /api/v1/accounts/{id}/guard/stop`: lets losses run, so it is for an owner alone. */
export const postGuardStop = endpoint(route, async (c) => {
  const { db, clock, ids, queue, after } = c.var.deps;
  const { caller } = c.var;
  if (caller.role !== 'owner') throw problem('forbidden', { detail: 'only an owner stops a closing' });
  const { reason } = c.req.valid('json');
  const account = await accountFor(db, c.req.valid('param').id, caller);
  const alert = { id: ids.next(), eventId: ids.next() };
  const events = await withGuard(db, account.id, async (guard) => {
    const step = guard.state === null ? null : stoppedTrip(guard.state);
    if (step === null)
      throw problem('conflict', { detail: `the guard is ${guard.phase}: nothing is being closed` });
    const audit = auditEntry(c, caller, {
      action: 'guard.stop',
      subjectKind: 'account',
      subjectId: account.id,
      detail: { trip: step.trip.tripId, causes: step.trip.causes, reason },
    });
    return storeStop(db, step, { of: guard, audit, reason, alert });
  });
  if (events === null) throw booksMove();
  const told = events.map((id) => ({ kind: 'outbox' as const, id }));
  after(() => queue.send([...told, { kind: 'reconcile', account_id: account.id }]));
  return c.json(await guardView(db, account, clock.nowMs()), 200);
});
