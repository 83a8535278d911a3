import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { bearer, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listAudit as readAudit } from './audit-store.ts';
import { requireCaller } from './caller.ts';

const auditSchema = z
  .object({
    id: uuid,
    at: timestamp,
    actor_kind: z.string(),
    actor_id: uuid.nullable(),
    action: z.string(),
    subject_kind: z.string(),
    subject_id: z.string(),
    detail: z.record(z.string(), z.unknown()),
    request_id: z.string(),
  })
  .openapi('AuditEntry');

const route = createRoute({
  method: 'get',
  path: '/api/v1/audit',
  tags: ['identity'],
  summary: 'Who did what, newest first (owner and admin)',
  security: bearer,
  middleware: requireCaller('admin'),
  request: {
    query: pageQuery
      .extend({ action: z.string().max(100).optional(), subject: z.string().max(100).optional() })
      .strict(),
  },
  responses: { 200: json(pageOf(auditSchema), 'A page of the audit log'), ...problems(403, 422) },
});

/** `GET /api/v1/audit` */
export const listAudit = endpoint(route, async (c) => {
  const { action, subject, ...query } = c.req.valid('query');
  const page = await readAudit(c.var.deps.db, { action, subject }, query);
  const items = page.items.map((e) => ({
    id: e.id,
    at: isoTime(e.atMs),
    actor_kind: e.actorKind,
    actor_id: e.actorId,
    action: e.action,
    subject_kind: e.subjectKind,
    subject_id: e.subjectId,
    detail: e.detail,
    request_id: e.requestId,
  }));
  return c.json({ ...page, items }, 200);
});
