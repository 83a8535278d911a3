import { createRoute } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { readSubjectChart } from './chart-store.ts';
import { readSignalSubject } from './chart-subject-store.ts';
import { chartSchema, presentChart } from './present-chart.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/signals/{id}/chart',
  tags: ['charts'],
  summary: 'The newest picture of a signal; 404 while there is none',
  security: bearer,
  middleware: requireCaller('charts'),
  request: { params: idParam },
  responses: { 200: json(chartSchema, 'Where the picture is'), ...problems(403, 404) },
});

/** `GET /api/v1/signals/{id}/chart`; its addresses are signed anew each time. A member's own is drawn by a POST. */
export const getSignalChart = endpoint(route, async (c) => {
  const { deps, caller } = c.var;
  const { id } = c.req.valid('param');
  const anybody = readsEverything(caller.role);
  const nowMs = deps.clock.nowMs();
  const subject = isUuid(id) ? await readSignalSubject(deps.db, id, caller.userId) : null;
  if (subject === null) throw problem('not-found', { detail: 'no such signal' });
  if (!subject.mine && !anybody) throw problem('forbidden');
  const found = await readSubjectChart(deps.db, { signalId: id }, caller.userId, anybody, nowMs);
  if (found === null)
    throw problem('not-found', { detail: 'there is no picture yet: POST /api/v1/charts draws one' });
  return c.json(await presentChart(deps, { ...found, private: true, endMs: found.expiresMs }), 200);
});
