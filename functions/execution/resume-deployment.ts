import { createRoute } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { liftHalt } from './deployment-store.ts';
import { deploymentSchema, haltReason, presentDeployment } from './present-deployment.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/deployment/resume',
  tags: ['operations'],
  summary: 'Lift the halt of the whole deployment (owner). Accounts that are halted themselves stay so',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { body: body(haltReason) },
  responses: {
    200: json(deploymentSchema, 'The deployment, no longer halted'),
    ...problems(400, 403, 415, 422),
  },
});

/** `POST /api/v1/deployment/resume`: raises every account's risk, so it is for an owner; may be sent again safely. */
export const resumeDeployment = endpoint(route, async (c) => {
  const { caller } = c.var;
  if (caller.role !== 'owner') throw problem('forbidden', { detail: 'only an owner resumes the deployment' });
  const audit = auditEntry(c, caller, {
    action: 'deployment.resume',
    subjectKind: 'deployment',
    subjectId: 'halt',
    detail: c.req.valid('json'),
  });
  return c.json(presentDeployment(await liftHalt(c.var.deps.db, audit)), 200);
});
