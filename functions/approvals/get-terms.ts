import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { bearer, decimal, idParam, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { readDecisionContext } from './approval-store.ts';
import { termsDigest } from './approval-terms.ts';
import { chooseAccount } from './decision.ts';
import { signalTerms } from './signal-terms.ts';

const termsSchema = z
  .object({
    signal_id: uuid,
    account_id: uuid,
    intent: z.enum(['open', 'close']),
    side: z.enum(['buy', 'sell']),
    order_type: z.enum(['market', 'limit', 'stop']),
    price: decimal,
    band: z.object({ low: decimal, high: decimal }),
    stop_loss: decimal.nullable(),
    take_profit: decimal.nullable(),
    max_volume: decimal,
    max_risk: decimal.nullable(),
    expires_at: timestamp,
    consent_version: z.number().int(),
    terms_sha256: z.string(),
  })
  .openapi('Terms');

const route = createRoute({
  method: 'get',
  path: '/api/v1/signals/{id}/terms',
  tags: ['approvals'],
  summary: 'What an approval of this signal would allow on an account',
  security: bearer,
  middleware: requireCaller('signals:read'),
  request: { params: idParam, query: z.strictObject({ account_id: uuid.optional() }) },
  responses: { 200: json(termsSchema, 'The terms and their hash'), ...problems(403, 404, 422) },
});

/** `GET /api/v1/signals/{id}/terms` */
export const getTerms = endpoint(route, async (c) => {
  const { id } = c.req.valid('param');
  const { account_id } = c.req.valid('query');
  const context = isUuid(id) ? await readDecisionContext(c.var.deps.db, id, c.var.caller.userId) : null;
  if (context === null) throw problem('not-found');
  if (!context.mine) throw problem('forbidden', { detail: 'you are not in this signal’s audience' });
  if (context.consent === null)
    throw problem('not-found', { detail: 'no consent text has been published yet' });
  const account = chooseAccount(context, account_id ?? null);
  if (typeof account === 'string') throw problem('account-required', { detail: account });
  const terms = signalTerms(context, account, context.consent.version);
  return c.json({ ...terms, terms_sha256: await termsDigest(terms) }, 200);
});
