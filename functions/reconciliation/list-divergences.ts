import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { bearer, json, moment, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listDivergences as readDivergences } from './divergence-store.ts';
import { divergenceSchema, presentDivergence } from './present-divergence.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/reconciliation/divergences',
  tags: ['trading'],
  summary: 'Where books and broker differed, newest first',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: {
    query: pageQuery
      .extend({
        account: uuid.optional(),
        code: z
          .string()
          .regex(/^[A-Z_]{1,50}$/)
          .optional(),
        status: z.enum(['open', 'resolved']).optional(),
        policy: z.enum(['notice', 'automatic', 'person']).optional(),
        from: moment.optional(),
        to: moment.optional(),
      })
      .strict(),
  },
  responses: { 200: json(pageOf(divergenceSchema), 'A page of divergences'), ...problems(403, 422) },
});

/** `GET /api/v1/reconciliation/divergences` */
export const listDivergences = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const { account, code, status, policy, from, to, ...query } = c.req.valid('query');
  const page = await readDivergences(c.var.deps.db, readsEverything(role) ? null : userId, query, {
    ...{ account, code, status, policy, from, to },
  });
  return c.json({ ...page, items: page.items.map(presentDivergence) }, 200);
});
