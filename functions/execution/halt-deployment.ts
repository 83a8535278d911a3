import { createRoute } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { storeHalt } from './deployment-store.ts';
import { deploymentSchema, haltReason, presentDeployment, withdrawPending } from './present-deployment.ts';

const wanted = haltReason.extend({ withdraw_pending: withdrawPending }).openapi('DeploymentHalt');
const route = createRoute({
  method: 'post',
  path: '/api/v1/deployment/halt',
  tags: ['operations'],
  summary: 'Stop entries on every account, at once (owner and admin). Closes are never blocked',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { body: body(wanted) },
  responses: {
    200: json(deploymentSchema, 'The deployment, halted; where it was halted before, by whom and why then'),
    ...problems(400, 403, 415, 422),
  },
});

/** `POST /api/v1/deployment/halt`: only reduces risk, so an admin may do it; may be sent again safely. */
export const haltDeployment = endpoint(route, async (c) => {
  const { db, ids, queue, after } = c.var.deps;
  const { userId } = c.var.caller;
  const { reason, withdraw_pending } = c.req.valid('json');
  const audit = auditEntry(c, c.var.caller, {
    action: 'deployment.halt',
    subjectKind: 'deployment',
    subjectId: 'halt',
    detail: { reason, withdraw_pending },
  });
  const alert = { id: ids.next(), eventId: ids.next() };
  const { deployment, told } = await storeHalt(
    db,
    { userId, reason, withdrawPending: withdraw_pending },
    alert,
    audit,
  );
  if (told) after(() => queue.send([{ kind: 'outbox', id: alert.eventId }]));
  return c.json(presentDeployment(deployment), 200);
});
