import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, json, problems } from '../platform/contract.ts';
import { sha256Hex } from '../platform/digest.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { insertConsent } from './consent-store.ts';

export const consentSchema = z
  .object({ version: z.number().int(), text: z.string(), sha256: z.string() })
  .openapi('Consent');

const route = createRoute({
  method: 'post',
  path: '/api/v1/consents',
  tags: ['approvals'],
  summary: 'Publish the next version of the consent text (owner)',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { body: body(z.strictObject({ text: z.string().min(1).max(20_000) })) },
  responses: {
    201: json(consentSchema, 'The new version, in force from now on'),
    ...problems(400, 403, 409, 415, 422),
  },
});

/** `POST /api/v1/consents` */
export const postConsent = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const { caller } = c.var;
  if (caller.role !== 'owner')
    throw problem('forbidden', { detail: 'only an owner publishes consent texts' });
  const { text } = c.req.valid('json');
  const sha256 = await sha256Hex(text);
  const audit = auditEntry(c, caller, {
    action: 'consent.publish',
    subjectKind: 'consent',
    subjectId: sha256,
  });
  const version = await insertConsent(
    db,
    { text, sha256, createdBy: caller.userId, nowMs: clock.nowMs() },
    audit,
  );
  if (version === null) throw problem('conflict', { detail: 'another text was published at this moment' });
  return c.json({ version, text, sha256 }, 201);
});
