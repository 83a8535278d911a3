import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { bearer, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { PROMETHEUS_TYPE, prometheusText } from '../platform/prometheus-text.ts';
import { readStoredMetrics } from './metric-store.ts';

const route = createRoute({
  method: 'get',
  path: '/metrics',
  tags: ['operations'],
  summary: 'Metrics in Prometheus’ text format, the same from every instance',
  security: bearer,
  middleware: requireCaller('metrics'),
  responses: {
    200: {
      description: 'Version 0.0.4; while Redis is down without what the instances count themselves',
      content: { 'text/plain': { schema: z.string() } },
    },
    ...problems(403),
  },
});

/** `GET /metrics` */
export const getMetrics = endpoint(route, async (c) => {
  const { db, metrics } = c.var.deps;
  const [stored, flushed] = await Promise.all([readStoredMetrics(db), metrics.read()]);
  const page = prometheusText([...stored, ...(flushed ?? [])]);
  return c.text(page, 200, { 'content-type': PROMETHEUS_TYPE, 'cache-control': 'no-store' });
});
