import { createRoute } from '@hono/zod-openapi';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { requireCaller } from './caller.ts';
import { presentProducer, producerSchema } from './present-producer.ts';
import { listProducers as readProducers } from './producer-store.ts';
import { readsEverything } from './scope.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/producers',
  tags: ['identity'],
  summary: 'Your producers (owner and admin: all)',
  security: bearer,
  middleware: requireCaller('signals:read'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(producerSchema), 'A page of producers'), ...problems(403, 422) },
});

/** `GET /api/v1/producers` */
export const listProducers = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const page = await readProducers(
    c.var.deps.db,
    readsEverything(role) ? null : userId,
    c.req.valid('query'),
  );
  return c.json({ ...page, items: page.items.map(presentProducer) }, 200);
});
