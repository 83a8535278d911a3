import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listRuns } from './reconciliation-store.ts';

const runSchema = z
  .object({
    id: uuid,
    account_id: uuid,
    outcome: z.string(),
    new_deals: z.number().int(),
    events: z.array(z.object({ code: z.string(), broker_key: z.string() })),
    started_at: timestamp,
    finished_at: timestamp,
  })
  .openapi('ReconciliationRun');

const route = createRoute({
  method: 'get',
  path: '/api/v1/reconciliation/runs',
  tags: ['trading'],
  summary: 'Comparisons of our books with the broker’s, newest first',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(runSchema), 'A page of runs'), ...problems(403, 422) },
});

/** `GET /api/v1/reconciliation/runs` */
export const listReconciliationRuns = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const page = await listRuns(c.var.deps.db, readsEverything(role) ? null : userId, c.req.valid('query'));
  const items = page.items.map((r) => ({
    id: r.id,
    account_id: r.accountId,
    outcome: r.outcome,
    new_deals: r.newDeals,
    events: r.events,
    started_at: isoTime(r.startedMs),
    finished_at: isoTime(r.finishedMs),
  }));
  return c.json({ ...page, items }, 200);
});
