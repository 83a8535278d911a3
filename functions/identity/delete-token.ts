import { createRoute } from '@hono/zod-openapi';
import { bearer, idParam, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { auditEntry } from './audit-entry.ts';
import { requireCaller } from './caller.ts';
import { revokeToken } from './token-store.ts';

const route = createRoute({
  method: 'delete',
  path: '/api/v1/tokens/{id}',
  tags: ['identity'],
  summary: 'Revoke a token, at once and for ever',
  security: bearer,
  middleware: requireCaller(null),
  request: { params: idParam },
  responses: { 204: { description: 'Revoked' }, ...problems(404) },
});

/** `DELETE /api/v1/tokens/{id}` */
export const deleteToken = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const { caller } = c.var;
  const { id } = c.req.valid('param');
  const audit = auditEntry(c, caller, { action: 'token.revoke', subjectKind: 'token', subjectId: id });
  const whose = caller.scopes.includes('admin') ? null : caller.userId;
  if (!isUuid(id) || !(await revokeToken(db, id, whose, clock.nowMs(), audit))) throw problem('not-found');
  return c.body(null, 204);
});
