import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { afterVerdict, divergenceFor } from './divergence-access.ts';
import { positionOf } from './divergence-subject.ts';
import { judgeDivergence } from './divergence-verdict-store.ts';
import { divergenceSchema, presentDivergence } from './present-divergence.ts';

const wanted = z.strictObject({ reason: z.string().trim().min(1).max(500) }).openapi('DivergenceClose');
const route = createRoute({
  method: 'post',
  path: '/api/v1/reconciliation/divergences/{id}/close',
  tags: ['trading'],
  summary: 'Close the position that a divergence is about, at the market. Halts do not hold it back',
  description:
    'An order that is tried for a day. Where the position still stands ten minutes later the divergence opens anew.',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: { params: idParam, body: body(wanted) },
  responses: {
    200: json(divergenceSchema, 'The divergence, and its position is being closed'),
    ...problems(400, 403, 404, 409, 415, 422),
  },
});

/** `POST /api/v1/reconciliation/divergences/{id}/close`: only reduces risk, so the account’s user may do it; the same again is no error. */
export const postDivergenceClose = endpoint(route, async (c) => {
  const { after, db, ids, queue } = c.var.deps;
  const { reason } = c.req.valid('json');
  const found = await divergenceFor(db, c.req.valid('param').id, c.var.caller);
  const positionId = positionOf(found);
  const commandId = ids.next();
  const audit = auditEntry(c, c.var.caller, {
    action: 'divergence.close',
    subjectKind: 'divergence',
    subjectId: found.id,
    detail: { code: found.code, position: positionId, command: commandId, reason },
  });
  const verdict = { kind: 'closed' as const, positionId, commandId };
  const outcome = await judgeDivergence(db, verdict, reason, audit);
  const row = await afterVerdict(db, outcome, { id: found.id, resolution: 'closed', signalId: null });
  if (outcome.kind === 'judged')
    after(() => queue.send([{ kind: 'reconcile', account_id: found.accountId }]));
  return c.json(presentDivergence(row), 200);
});
