import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { bearer, body, idParam, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { auditEntry } from './audit-entry.ts';
import { requireCaller } from './caller.ts';
import { rotateHook } from './hook-store.ts';
import { hookToken, hookTokenHash, hookUrl } from './hook-token.ts';
import { overlapSeconds, partyFor } from './party-verbs.ts';
import { PRODUCER } from './signing-party.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/producers/{id}/hook/rotate',
  tags: ['identity'],
  summary: 'A new TradingView hook for a producer, shown once; the old one lives on for the overlap',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: { params: idParam, body: body(z.strictObject({ overlap_seconds: overlapSeconds })) },
  responses: {
    201: json(
      z.object({
        id: uuid,
        version: z.number().int(),
        url: z.string(),
        old_expires_at: timestamp.nullable(),
      }),
      'The new hook; its address is never shown again',
    ),
    ...problems(400, 403, 404, 409, 415, 422),
  },
});

/** `POST /api/v1/producers/{id}/hook/rotate` */
export const postHookRotation = endpoint(route, async (c) => {
  const { db, ids, clock, config } = c.var.deps;
  const row = await partyFor(db, PRODUCER, c.req.valid('param').id, c.var.caller);
  if (row.revoked) throw problem('conflict', { detail: 'the producer is revoked' });
  const token = hookToken(ids.randomBytes(32));
  const tokenSha256 = await hookTokenHash(token);
  if (tokenSha256 === null) throw new Error('a hook token of another form than its own');
  const oldEndsMs = clock.nowMs() + c.req.valid('json').overlap_seconds * 1000;
  const audit = auditEntry(c, c.var.caller, {
    action: 'producer.hook-rotate',
    subjectKind: 'producer',
    subjectId: row.id,
  });
  const version = await rotateHook(db, row.id, tokenSha256, oldEndsMs, audit);
  if (version === null)
    throw problem('conflict', { detail: 'it was rotated or revoked at this moment: look, and try again' });
  const old_expires_at = version === 1 ? null : isoTime(oldEndsMs);
  return c.json({ id: row.id, version, url: hookUrl(config.PUBLIC_BASE_URL, token), old_expires_at }, 201);
});
