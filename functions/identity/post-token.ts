import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { bearer, body, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { accessToken, accessTokenHash } from './access-token.ts';
import { auditEntry } from './audit-entry.ts';
import { requireAccessToken, requireCaller } from './caller.ts';
import { SCOPES, scopesOf } from './scope.ts';
import { insertToken } from './token-store.ts';
import { readUser } from './user-store.ts';

const MAX_DAYS = 400;

const route = createRoute({
  method: 'post',
  path: '/api/v1/tokens',
  tags: ['identity'],
  summary: 'Make an access token; it is shown once and may never do more than its maker',
  security: bearer,
  middleware: requireCaller(null),
  request: {
    body: body(
      z.strictObject({
        name: z.string().trim().min(1).max(100),
        scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).optional(),
        expires_in_days: z.number().int().min(1).max(MAX_DAYS).default(90),
        user_id: uuid.optional(),
      }),
    ),
  },
  responses: {
    201: json(
      z.object({
        id: uuid,
        user_id: uuid,
        name: z.string(),
        scopes: z.array(z.string()),
        expires_at: timestamp,
        token: z.string(),
      }),
      'The new token; `token` is never shown again',
    ),
    ...problems(400, 403, 404, 415, 422),
  },
});

/** `POST /api/v1/tokens`; with `user_id`, an owner or admin makes the first token of somebody below them. */
export const postToken = endpoint(route, async (c) => {
  const { db, ids, clock } = c.var.deps;
  const { caller } = c.var;
  requireAccessToken(caller);
  const wanted = c.req.valid('json');
  const holderId = wanted.user_id ?? caller.userId;
  const holder = await readUser(db, holderId);
  if (holderId !== caller.userId && !caller.scopes.includes('admin')) throw problem('forbidden');
  if (holder === null || holder.disabled) throw problem('not-found');
  if (holderId !== caller.userId && holder.role !== 'user' && caller.role !== 'owner')
    throw problem('forbidden', { detail: 'only an owner makes tokens of owners and admins' });
  const most = scopesOf(holder.role).filter((s) => caller.scopes.includes(s));
  const scopes = wanted.scopes ?? most;
  const excess = scopes.filter((s) => !most.includes(s));
  if (excess.length > 0)
    throw problem('forbidden', { detail: `more than you or the holder may do: ${excess.join(', ')}` });
  const token = accessToken(ids.randomBytes(32));
  const sha256 = await accessTokenHash(token);
  if (sha256 === null) throw new Error('a new token does not have the form of one');
  const createdMs = clock.nowMs();
  const row = {
    id: ids.next(),
    userId: holderId,
    name: wanted.name,
    scopes: [...scopes],
    createdMs,
    expiresMs: createdMs + wanted.expires_in_days * 86_400_000,
  };
  const audit = auditEntry(c, caller, {
    action: 'token.create',
    subjectKind: 'token',
    subjectId: row.id,
    detail: { user_id: holderId, scopes: row.scopes },
  });
  await insertToken(db, { ...row, sha256, createdBy: caller.userId }, audit);
  const answer = {
    id: row.id,
    user_id: holderId,
    name: row.name,
    scopes: row.scopes,
    expires_at: isoTime(row.expiresMs),
    token,
  };
  return c.json(answer, 201);
});
