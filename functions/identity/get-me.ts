import { createRoute, z } from '@hono/zod-openapi';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { requireCaller } from './caller.ts';
import { presentUser, userSchema } from './present-user.ts';
import { readUser } from './user-store.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/me',
  tags: ['identity'],
  summary: 'Who the token belongs to, and what it may do',
  security: bearer,
  middleware: requireCaller(null),
  responses: {
    200: json(userSchema.extend({ scopes: z.array(z.string()) }), 'The caller'),
    ...problems(),
  },
});

/** `GET /api/v1/me` */
export const getMe = endpoint(route, async (c) => {
  const { userId, scopes } = c.var.caller;
  const user = await readUser(c.var.deps.db, userId);
  if (user === null) throw problem('not-found');
  return c.json({ ...presentUser(user), scopes: [...scopes] }, 200);
});
