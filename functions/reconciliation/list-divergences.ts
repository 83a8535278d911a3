import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listDivergences as readDivergences } from './reconciliation-store.ts';

const divergenceSchema = z
  .object({
    id: uuid,
    account_id: uuid,
    code: z.string(),
    broker_key: z.string(),
    evidence: z.record(z.string(), z.string()),
    status: z.enum(['open', 'resolved']),
    detected_at: timestamp,
  })
  .openapi('Divergence');

const route = createRoute({
  method: 'get',
  path: '/api/v1/reconciliation/divergences',
  tags: ['trading'],
  summary: 'Where books and broker differed, newest first',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(divergenceSchema), 'A page of divergences'), ...problems(403, 422) },
});

/** `GET /api/v1/reconciliation/divergences` */
export const listDivergences = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const page = await readDivergences(
    c.var.deps.db,
    readsEverything(role) ? null : userId,
    c.req.valid('query'),
  );
  const items = page.items.map((d) => ({
    id: d.id,
    account_id: d.accountId,
    code: d.code,
    broker_key: d.brokerKey,
    evidence: d.evidence,
    status: d.status,
    detected_at: isoTime(d.detectedMs),
  }));
  return c.json({ ...page, items }, 200);
});
