import { createRoute, z } from '@hono/zod-openapi';
import { bearer, body, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { auditEntry } from './audit-entry.ts';
import { requireCaller } from './caller.ts';
import { presentUser, userSchema } from './present-user.ts';
import { ROLES } from './scope.ts';
import { readUser, updateUser } from './user-store.ts';

const route = createRoute({
  method: 'patch',
  path: '/api/v1/users/{id}',
  tags: ['identity'],
  summary: 'Rename, disable or re-enable a person, or limit the bridges; an owner also changes roles',
  security: bearer,
  middleware: requireCaller('admin'),
  request: {
    params: idParam,
    body: body(
      z.strictObject({
        name: z.string().trim().min(1).max(100).optional(),
        role: z.enum(ROLES).optional(),
        disabled: z.boolean().optional(),
        max_bridges: z.number().int().min(0).max(10_000).nullable().optional().openapi({
          description: 'live bridges at once; null: as many as the deployment gives everybody',
        }),
      }),
    ),
  },
  responses: { 200: json(userSchema, 'The user'), ...problems(400, 403, 404, 409, 415, 422) },
});

/** `PATCH /api/v1/users/{id}`: a disabled person's tokens stop working at once. The last owner stays one. */
export const patchUser = endpoint(route, async (c) => {
  const { db } = c.var.deps;
  const { caller } = c.var;
  const { id } = c.req.valid('param');
  const change = c.req.valid('json');
  const user = isUuid(id) ? await readUser(db, id) : null;
  if (user === null) throw problem('not-found');
  const above = user.role !== 'user' || (change.role !== undefined && change.role !== 'user');
  if (above && caller.role !== 'owner')
    throw problem('forbidden', { detail: 'only an owner changes owners and admins' });
  const audit = auditEntry(c, caller, {
    action: 'user.update',
    subjectKind: 'user',
    subjectId: id,
    detail: { members: Object.keys(change) },
  });
  const changed = {
    ...user,
    name: change.name ?? user.name,
    role: change.role ?? user.role,
    disabled: change.disabled ?? user.disabled,
    maxBridges: change.max_bridges === undefined ? user.maxBridges : change.max_bridges,
  };
  if (!(await updateUser(db, changed, audit)))
    throw problem('conflict', { detail: 'a deployment keeps one owner who is not disabled' });
  return c.json(presentUser(changed), 200);
});
