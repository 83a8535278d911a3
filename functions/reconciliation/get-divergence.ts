import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { divergenceFor } from './divergence-access.ts';
import { divergenceSchema, presentDivergence } from './present-divergence.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/reconciliation/divergences/{id}',
  tags: ['trading'],
  summary: 'One divergence',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { params: idParam },
  responses: { 200: json(divergenceSchema, 'The divergence'), ...problems(403, 404) },
});

/** `GET /api/v1/reconciliation/divergences/{id}` */
export const getDivergence = endpoint(route, async (c) =>
  c.json(presentDivergence(await divergenceFor(c.var.deps.db, c.req.valid('param').id, c.var.caller)), 200),
);
