import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { currentConsent } from './consent-store.ts';
import { consentSchema } from './post-consent.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/consents/current',
  tags: ['approvals'],
  summary: 'The text that an approval agrees to',
  security: bearer,
  middleware: requireCaller('signals:read'),
  responses: { 200: json(consentSchema, 'The version in force'), ...problems(403, 404) },
});

/** `GET /api/v1/consents/current` */
export const getCurrentConsent = endpoint(route, async (c) => {
  const consent = await currentConsent(c.var.deps.db);
  if (consent === null) throw problem('not-found', { detail: 'no consent text has been published yet' });
  return c.json(consent, 200);
});
