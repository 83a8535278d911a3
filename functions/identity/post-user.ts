import { createRoute, z } from '@hono/zod-openapi';
import { bearer, body, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { auditEntry } from './audit-entry.ts';
import { requireCaller } from './caller.ts';
import { presentUser, userSchema } from './present-user.ts';
import { ROLES } from './scope.ts';
import { insertUser, type User } from './user-store.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/users',
  tags: ['identity'],
  summary: 'Add a person. Only an owner makes owners and admins',
  security: bearer,
  middleware: requireCaller('admin'),
  request: {
    body: body(
      z.strictObject({
        email: z
          .email()
          .max(200)
          .transform((s) => s.toLowerCase()),
        name: z.string().trim().min(1).max(100),
        role: z.enum(ROLES).default('user'),
      }),
    ),
  },
  responses: { 201: json(userSchema, 'The new user'), ...problems(400, 403, 409, 415, 422) },
});

/** `POST /api/v1/users` */
export const postUser = endpoint(route, async (c) => {
  const { db, ids, clock } = c.var.deps;
  const { caller } = c.var;
  const wanted = c.req.valid('json');
  if (wanted.role !== 'user' && caller.role !== 'owner')
    throw problem('forbidden', { detail: 'only an owner makes owners and admins' });
  const user: User = {
    ...wanted,
    id: ids.next(),
    createdMs: clock.nowMs(),
    disabled: false,
    maxBridges: null,
  };
  const audit = auditEntry(c, caller, {
    action: 'user.create',
    subjectKind: 'user',
    subjectId: user.id,
    detail: { role: user.role },
  });
  const outcome = await insertUser(db, user, audit);
  if (outcome.kind === 'taken') throw problem('conflict', { detail: 'a user with this email exists' });
  return c.json(presentUser(user), 201);
});
