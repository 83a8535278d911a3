import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { readDeployment } from './deployment-store.ts';
import { listSuspicions } from './epoch-suspicion-store.ts';
import { judgedDeploymentSchema, presentDeployment, presentSuspicions } from './present-deployment.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/deployment',
  tags: ['operations'],
  summary:
    'Whether the whole deployment is halted, by whom and why, its restore epoch and the accounts that a restore is suspected of (owner and admin)',
  security: bearer,
  middleware: requireCaller('admin'),
  responses: { 200: json(judgedDeploymentSchema, 'The deployment'), ...problems(403) },
});

/** `GET /api/v1/deployment` */
export const getDeployment = endpoint(route, async (c) => {
  const { db } = c.var.deps;
  const [deployment, suspicions] = await Promise.all([readDeployment(db), listSuspicions(db)]);
  const suspected = presentSuspicions(suspicions);
  return c.json({ ...presentDeployment(deployment), suspected }, 200);
});
