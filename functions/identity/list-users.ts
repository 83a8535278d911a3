import { createRoute } from '@hono/zod-openapi';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { requireCaller } from './caller.ts';
import { presentUser, userSchema } from './present-user.ts';
import { listUsers as readUsers } from './user-store.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/users',
  tags: ['identity'],
  summary: 'The people of this deployment',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(userSchema), 'A page of users'), ...problems(403, 422) },
});

/** `GET /api/v1/users` */
export const listUsers = endpoint(route, async (c) => {
  const page = await readUsers(c.var.deps.db, c.req.valid('query'));
  return c.json({ ...page, items: page.items.map(presentUser) }, 200);
});
