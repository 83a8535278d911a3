import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { presentSignal, signalSchema } from './present-signal.ts';
import { readSignal } from './signal-store.ts';

const signalDetailSchema = signalSchema
  .extend({ chart_url: z.string().openapi({ description: 'where its newest picture is, if there is one' }) })
  .openapi('SignalDetail');

const route = createRoute({
  method: 'get',
  path: '/api/v1/signals/{id}',
  tags: ['signals'],
  summary: 'One signal; 403 where you are not in its audience',
  security: bearer,
  middleware: requireCaller('signals:read'),
  request: { params: idParam },
  responses: { 200: json(signalDetailSchema, 'The signal'), ...problems(403, 404) },
});

/** `GET /api/v1/signals/{id}` */
export const getSignal = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const { caller } = c.var;
  const { id } = c.req.valid('param');
  const found = isUuid(id) ? await readSignal(db, id, caller.userId, clock.nowMs()) : null;
  if (found === null) throw problem('not-found');
  if (!found.mine && !readsEverything(caller.role))
    throw problem('forbidden', { detail: 'you are not in this signal’s audience' });
  return c.json({ ...presentSignal(found.signal), chart_url: `/api/v1/signals/${id}/chart` }, 200);
});
