import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { afterVerdict, divergenceFor } from './divergence-access.ts';
import { judgeDivergence } from './divergence-verdict-store.ts';
import { divergenceSchema, presentDivergence } from './present-divergence.ts';

const wanted = z.strictObject({ reason: z.string().trim().min(1).max(500) }).openapi('DivergenceDismissal');
const route = createRoute({
  method: 'post',
  path: '/api/v1/reconciliation/divergences/{id}/ignore',
  tags: ['trading'],
  summary: 'Judge that a divergence needs nothing: it is not told again as long as it stands',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: { params: idParam, body: body(wanted) },
  responses: {
    200: json(divergenceSchema, 'The divergence, ignored'),
    ...problems(400, 403, 404, 409, 415, 422),
  },
});

/** `POST /api/v1/reconciliation/divergences/{id}/ignore`: by the account’s user, an owner or an admin; the same again is no error. */
export const postDivergenceIgnore = endpoint(route, async (c) => {
  const { db } = c.var.deps;
  const { reason } = c.req.valid('json');
  const found = await divergenceFor(db, c.req.valid('param').id, c.var.caller);
  const audit = auditEntry(c, c.var.caller, {
    action: 'divergence.ignore',
    subjectKind: 'divergence',
    subjectId: found.id,
    detail: { code: found.code, broker_key: found.brokerKey, reason },
  });
  const outcome = await judgeDivergence(db, { kind: 'ignored' }, reason, audit);
  const row = await afterVerdict(db, outcome, { id: found.id, resolution: 'ignored', signalId: null });
  return c.json(presentDivergence(row), 200);
});
