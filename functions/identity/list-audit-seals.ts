import { createRoute, z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { bearer, json, problems, timestamp, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { pageOf, pageQuery } from '../platform/page.ts';
import { listSeals } from './audit-seal-store.ts';
import { requireCaller } from './caller.ts';

const sealSchema = z
  .object({
    seq: z.number().int(),
    upto: uuid.openapi({ description: 'the last audit row that this seal covers' }),
    rows: z.number().int(),
    sha256: z.string(),
    sealed_at: timestamp,
  })
  .openapi('AuditSeal');

const route = createRoute({
  method: 'get',
  path: '/api/v1/audit/seals',
  tags: ['identity'],
  summary: 'The chain of seals over the audit log, newest first (owner and admin)',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { query: pageQuery.strict() },
  responses: { 200: json(pageOf(sealSchema), 'A page of seals'), ...problems(403, 422) },
});

/** `GET /api/v1/audit/seals` */
export const listAuditSeals = endpoint(route, async (c) => {
  const page = await listSeals(c.var.deps.db, c.req.valid('query'));
  const items = page.items.map((s) => ({
    seq: s.seq,
    upto: s.end.id,
    rows: s.rows,
    sha256: s.sha256,
    sealed_at: isoTime(s.sealedMs),
  }));
  return c.json({ ...page, items }, 200);
});
