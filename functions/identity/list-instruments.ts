import { createRoute, z } from '@hono/zod-openapi';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { requireCaller } from './caller.ts';
import { listInstruments as readInstruments } from './instrument-store.ts';
import { instrumentSchema } from './post-instrument.ts';

const route = createRoute({
  method: 'get',
  path: '/api/v1/instruments',
  tags: ['identity'],
  summary: 'What may be signalled',
  security: bearer,
  middleware: requireCaller('signals:read'),
  responses: {
    200: json(z.object({ items: z.array(instrumentSchema) }), 'All instruments'),
    ...problems(403),
  },
});

/** `GET /api/v1/instruments` */
export const listInstruments = endpoint(route, async (c) =>
  c.json({ items: await readInstruments(c.var.deps.db) }, 200),
);
