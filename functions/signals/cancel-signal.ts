import { createRoute } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { accountsOfOrders, cancelSignal as cancel } from './cancel-store.ts';
import { presentSignal, signalSchema } from './present-signal.ts';
import { readSignal } from './signal-store.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/signals/{id}/cancel',
  tags: ['signals'],
  summary:
    'Withdraw a signal for everybody, while it is undecided, unsent or its order works unfilled (producer’s owner, admin)',
  description:
    'A working order is cancelled at the broker; until that is known its delivery stays `approved`.',
  security: bearer,
  middleware: requireCaller('signals:cancel'),
  request: { params: idParam },
  responses: {
    200: json(signalSchema, 'The signal, cancelled, with your own status; again is the same'),
    ...problems(403, 404, 409),
  },
});

/** `POST /api/v1/signals/{id}/cancel` */
export const cancelSignal = endpoint(route, async (c) => {
  const { db, clock, queue, after } = c.var.deps;
  const { caller } = c.var;
  const { id } = c.req.valid('param');
  const found = isUuid(id) ? await readSignal(db, id, caller.userId, clock.nowMs()) : null;
  if (found === null) throw problem('not-found');
  if (found.signal.userId !== caller.userId && !caller.scopes.includes('admin'))
    throw problem('forbidden', { detail: 'only the producer’s owner or an admin cancels' });
  const audit = auditEntry(c, caller, { action: 'signal.cancel', subjectKind: 'signal', subjectId: id });
  const outcome = await cancel(db, id, audit);
  if (outcome !== 'too-late') {
    const accounts = await accountsOfOrders(db, id);
    after(() => queue.send(accounts.map((account_id) => ({ kind: 'reconcile', account_id }))));
  }
  const now = (await readSignal(db, id, caller.userId, clock.nowMs())) ?? found;
  if (outcome === 'too-late')
    throw problem('signal-not-open', { detail: `the signal is ${now.signal.status}` });
  return c.json(presentSignal(now.signal), 200);
});
