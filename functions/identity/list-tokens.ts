import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { bearer, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { requireCaller } from './caller.ts';
import { readsEverything } from './scope.ts';
import { listTokens as readTokens } from './token-store.ts';

const tokenSchema = z
  .object({
    id: uuid,
    user_id: uuid,
    name: z.string(),
    scopes: z.array(z.string()),
    created_at: timestamp,
    expires_at: timestamp,
    revoked: z.boolean(),
  })
  .openapi('Token');

const route = createRoute({
  method: 'get',
  path: '/api/v1/tokens',
  tags: ['identity'],
  summary: 'Your access tokens (owner and admin: everybody’s), without their secrets',
  security: bearer,
  middleware: requireCaller(null),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(tokenSchema), 'A page of tokens'), ...problems(422) },
});

/** `GET /api/v1/tokens` */
export const listTokens = endpoint(route, async (c) => {
  const { caller } = c.var;
  const all = readsEverything(caller.role) && caller.scopes.includes('admin');
  const page = await readTokens(c.var.deps.db, all ? null : caller.userId, c.req.valid('query'));
  const items = page.items.map((t) => ({
    id: t.id,
    user_id: t.userId,
    name: t.name,
    scopes: t.scopes,
    created_at: isoTime(t.createdMs),
    expires_at: isoTime(t.expiresMs),
    revoked: t.revoked,
  }));
  return c.json({ ...page, items }, 200);
});
