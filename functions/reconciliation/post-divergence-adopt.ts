import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, idParam, json, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { afterVerdict, divergenceFor } from './divergence-access.ts';
import { isAdoptable, positionOf } from './divergence-subject.ts';
import { judgeDivergence } from './divergence-verdict-store.ts';
import { divergenceSchema, presentDivergence } from './present-divergence.ts';

const wanted = z
  .strictObject({ signal_id: uuid.optional(), reason: z.string().trim().min(1).max(500) })
  .openapi('DivergenceAdoption');
const route = createRoute({
  method: 'post',
  path: '/api/v1/reconciliation/divergences/{id}/adopt',
  tags: ['trading'],
  summary:
    'Make a position that we did not open a signal’s, or ours without one: its trade counts as the bot’s',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: { params: idParam, body: body(wanted) },
  responses: {
    200: json(divergenceSchema, 'The divergence, adopted'),
    ...problems(400, 403, 404, 409, 415, 422),
  },
});

/** `POST /api/v1/reconciliation/divergences/{id}/adopt`: by the account’s user, an owner or an admin; the same again is no error. */
export const postDivergenceAdopt = endpoint(route, async (c) => {
  const { db } = c.var.deps;
  const { signal_id: signalId = null, reason } = c.req.valid('json');
  const found = await divergenceFor(db, c.req.valid('param').id, c.var.caller);
  if (!isAdoptable(found)) throw problem('conflict', { detail: 'it is no position that could be adopted' });
  const audit = auditEntry(c, c.var.caller, {
    action: 'divergence.adopt',
    subjectKind: 'divergence',
    subjectId: found.id,
    detail: { code: found.code, broker_key: found.brokerKey, signal_id: signalId, reason },
  });
  const verdict = { kind: 'adopted' as const, positionId: positionOf(found), signalId };
  const outcome = await judgeDivergence(db, verdict, reason, audit);
  const row = await afterVerdict(db, outcome, { id: found.id, resolution: 'adopted', signalId });
  return c.json(presentDivergence(row), 200);
});
