import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { readSubjectChart } from './chart-store.ts';
import { readTradeSubjects } from './chart-subject-store.ts';
import { chartSchema, presentChart } from './present-chart.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/trades/{id}/chart',
  tags: ['charts'],
  summary: 'The newest picture of a trade; 404 while there is none',
  security: bearer,
  middleware: requireCaller('charts'),
  request: { params: idParam },
  responses: { 200: json(chartSchema, 'Where the picture is'), ...problems(403, 404) },
});

/** `GET /api/v1/trades/{id}/chart`; its addresses are signed anew each time. */
export const getTradeChart = endpoint(route, async (c) => {
  const { deps, caller } = c.var;
  const { id } = c.req.valid('param');
  const anybody = readsEverything(caller.role);
  const nowMs = deps.clock.nowMs();
  const trade = isUuid(id) ? (await readTradeSubjects(deps.db, [id], caller.userId)).get(id) : undefined;
  if (trade === undefined) throw problem('not-found', { detail: 'no such trade' });
  if (!trade.mine && !anybody) throw problem('forbidden');
  const found = await readSubjectChart(deps.db, { tradeId: id }, caller.userId, anybody, nowMs);
  if (found === null)
    throw problem('not-found', { detail: 'there is no picture yet: POST /api/v1/charts draws one' });
  return c.json(await presentChart(deps, { ...found, private: true, endMs: found.expiresMs }), 200);
});
