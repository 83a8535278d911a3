import { createRoute, z } from '@hono/zod-openapi';
import { json } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';

const route = createRoute({
  method: 'get',
  path: '/healthz',
  tags: ['operations'],
  summary: 'Whether this instance runs; asks nobody else',
  responses: { 200: json(z.object({ status: z.literal('ok') }), 'It runs') },
});

/** `GET /healthz` */
export const healthz = endpoint(route, (c) => c.json({ status: 'ok' as const }, 200));
