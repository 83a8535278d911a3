import { createRoute } from '@hono/zod-openapi';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { isUuid } from '../platform/ids.ts';
import { problem } from '../platform/problem.ts';
import { requireCaller } from './caller.ts';
import { presentProducer, producerSchema } from './present-producer.ts';
import { readProducer } from './producer-store.ts';
import { readsEverything } from './scope.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/producers/{id}',
  tags: ['identity'],
  summary: 'One producer of yours (owner and admin: any)',
  security: bearer,
  middleware: requireCaller('signals:read'),
  request: { params: idParam },
  responses: { 200: json(producerSchema, 'The producer'), ...problems(403, 404) },
});

/** `GET /api/v1/producers/{id}` */
export const getProducer = endpoint(route, async (c) => {
  const { id } = c.req.valid('param');
  const { role, userId } = c.var.caller;
  const producer = isUuid(id) ? await readProducer(c.var.deps.db, id) : null;
  if (producer === null) throw problem('not-found');
  if (producer.ownerId !== userId && !readsEverything(role)) throw problem('forbidden');
  return c.json(presentProducer(producer), 200);
});
