import { createRoute, z } from '@hono/zod-openapi';
import { accountFor } from '../execution/account-access.ts';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, idParam, json, optionalBody, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { booksMove, requireReachable } from './guard-conflict.ts';
import { orderedTrip } from './guard-intervention.ts';
import { storeClosing } from './guard-intervention-store.ts';
import { type ReadGuard, withGuard } from './guard-settings-store.ts';
import { readTrip } from './guard-trip-store.ts';
import { guardTripSchema, presentGuardTrip } from './present-guard-trip.ts';

const wanted = z
  .strictObject({
    reason: z.string().trim().min(1).max(500).optional(),
    scope: z.enum(['all', 'own']).optional().openapi({
      description: 'everything on the account, which is the default, or what carries our magic number',
    }),
  })
  .openapi('CloseAll');
const route = createRoute({
  method: 'post',
  path: '/api/v1/accounts/{id}/close-all',
  tags: ['trading'],
  summary:
    'Halt an account and close everything on it: orders that work are taken back, positions closed at the market',
  description:
    'Goes on until two snapshots have shown nothing in its scope, also where a market opens later; the account stays halted. ' +
    'While a closing is under way it joins that one, in the wider scope; the same again answers the same trip.',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: { params: idParam, body: optionalBody(wanted) },
  responses: {
    200: json(guardTripSchema, 'The trip that closes'),
    ...problems(400, 403, 404, 409, 415, 422),
  },
});

type Scope = 'all' | 'own';

/** `POST /api/v1/accounts/{id}/close-all`: only reduces risk, so the account's user may do it. */
export const postCloseAll = endpoint(route, async (c) => {
  const { clock, db, ids, queue, after } = c.var.deps;
  const { caller } = c.var;
  const { reason = null, scope = 'all' } = c.req.valid('json');
  const account = await accountFor(db, c.req.valid('param').id, caller);
  requireReachable(account);
  const alert = { id: ids.next(), eventId: ids.next() };
  const tripId = ids.next();
  const done = await withGuard(db, account.id, async (guard) => {
    const same = sameClosing(guard, scope);
    if (same !== null) return { tripId: same, events: [] };
    const order = orderedTrip(guard.state, { cause: 'person', tripId, scope, nowMs: clock.nowMs() });
    const { trip, kind } = order;
    const audit = auditEntry(c, caller, {
      action: 'account.close-all',
      subjectKind: 'account',
      subjectId: account.id,
      detail: { trip: trip.tripId, scope: trip.scope, joined: kind === 'joined', reason },
    });
    const events = await storeClosing(db, order, { of: guard, audit, reason, alert });
    return events && { tripId: trip.tripId, events };
  });
  if (done === null) throw booksMove();
  const told = done.events.map((id) => ({ kind: 'outbox' as const, id }));
  after(() => queue.send([...told, { kind: 'reconcile', account_id: account.id }]));
  const trip = await readTrip(db, account.id, done.tripId);
  if (trip === null) throw new Error('a trip that was stored cannot be read');
  return c.json(presentGuardTrip(trip), 200);
});

/** The trip that does just that already; null: none. */
function sameClosing({ halted, state }: ReadGuard, scope: Scope): string | null {
  if (!halted || state === null || state.shadow || state.phase !== 'tripped' || state.trip === null)
    return null;
  const { causes, scope: closed, tripId } = state.trip;
  return causes.includes('person') && (closed === 'all' || scope === 'own') ? tripId : null;
}
