import { createRoute, z } from '@hono/zod-openapi';
import { requireCaller } from '../identity/caller.ts';
import { readsEverything } from '../identity/scope.ts';
import { isoTime } from '../platform/clock.ts';
import { bearer, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listAlerts as readAlerts } from './alert-store.ts';

const alertSchema = z
  .object({
    id: uuid,
    kind: z.string(),
    subject_kind: z.string(),
    subject_id: z.string(),
    user_id: uuid.nullable(),
    detail: z.record(z.string(), z.unknown()),
    created_at: timestamp,
    deliveries: z.array(
      z.object({
        destination_id: uuid,
        status: z.enum(['sent', 'waiting', 'dead']),
        attempts: z.number().int(),
        word: z.string().nullable(),
        sent_at: timestamp.nullable(),
      }),
    ),
  })
  .openapi('Alert');

const route = createRoute({
  method: 'get',
  path: '/api/v1/alerts',
  tags: ['alerts'],
  summary: 'Alerts about your accounts (owner and admin: all), and whom they have reached',
  security: bearer,
  middleware: requireCaller('trading:read'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(alertSchema), 'A page of alerts'), ...problems(403, 422) },
});

/** `GET /api/v1/alerts` */
export const listAlerts = endpoint(route, async (c) => {
  const { role, userId } = c.var.caller;
  const page = await readAlerts(c.var.deps.db, readsEverything(role) ? null : userId, c.req.valid('query'));
  const items = page.items.map((a) => ({
    ...{ id: a.id, kind: a.kind, subject_kind: a.subjectKind, subject_id: a.subjectId, user_id: a.userId },
    ...{ detail: a.detail, created_at: isoTime(a.createdMs) },
    deliveries: a.deliveries.map((d) => ({
      destination_id: d.destinationId,
      status: d.sentMs !== null ? ('sent' as const) : a.dead ? ('dead' as const) : ('waiting' as const),
      ...{ attempts: d.attempts, word: d.word, sent_at: d.sentMs === null ? null : isoTime(d.sentMs) },
    })),
  }));
  return c.json({ ...page, items }, 200);
});
