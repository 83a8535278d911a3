import { createRoute, z } from '@hono/zod-openapi';
import { accountFor } from '../execution/account-access.ts';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { type ProblemError, problem } from '../platform/problem.ts';
import { booksMove } from './guard-conflict.ts';
import { rearmed } from './guard-intervention.ts';
import { storeRearm } from './guard-intervention-store.ts';
import { type ReadGuard, withGuard } from './guard-settings-store.ts';
import { guardView } from './guard-view-store.ts';
import { guardSchema } from './present-guard.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/accounts/{id}/guard/rearm',
  tags: ['trading'],
  summary:
    'Open the latch of a guard that has closed everything: it watches again, from what the account is worth now (owner and admin)',
  description:
    'Only once nothing is left in the scope of its trip. A halt of the account stays: entries are taken once it is resumed.',
  security: bearer,
  middleware: requireCaller('admin'),
  request: {
    params: idParam,
    body: body(z.strictObject({ reason: z.string().trim().min(1).max(500) }).openapi('GuardRearm')),
  },
  responses: { 200: json(guardSchema, 'The guard, armed'), ...problems(400, 403, 404, 409, 415, 422) },
});

/** `POST /api/v1/accounts/{id}/guard/rearm`: raises risk, so it is for owner and admin. */
export const postGuardRearm = endpoint(route, async (c) => {
  const { db, clock, ids, queue, after } = c.var.deps;
  const { caller } = c.var;
  const { reason } = c.req.valid('json');
  const account = await accountFor(db, c.req.valid('param').id, caller);
  const alert = { id: ids.next(), eventId: ids.next() };
  const events = await withGuard(db, account.id, (guard) => {
    const step = rearmed(guard.state);
    if (step.kind === 'refused') throw refusal(guard, step.reason);
    const audit = auditEntry(c, caller, {
      action: 'guard.rearm',
      subjectKind: 'account',
      subjectId: account.id,
      detail: { trip: step.trip.tripId, causes: step.trip.causes, reason },
    });
    return storeRearm(db, step, { of: guard, audit, reason, alert });
  });
  if (events === null) throw booksMove();
  const told = events.map((id) => ({ kind: 'outbox' as const, id }));
  after(() => queue.send([...told, { kind: 'reconcile', account_id: account.id }]));
  return c.json(await guardView(db, account, clock.nowMs()), 200);
});

function refusal({ state, phase }: ReadGuard, reason: 'not-latched' | 'not-flat'): ProblemError {
  const detail =
    reason === 'not-latched'
      ? `the guard is ${phase}: there is no latch to open`
      : `${state?.inScope ?? 0} positions and orders still stand in the scope of its trip: close them first`;
  return problem('conflict', { detail });
}
