import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { chartDigestOf } from './chart-address.ts';
import { revokeChart } from './chart-store.ts';

const route = createRoute({
  method: 'delete',
  path: '/api/v1/charts/{digest}',
  tags: ['charts'],
  summary: 'Take a private chart back, for good: its addresses are 410 within 300 seconds',
  security: bearer,
  middleware: requireCaller('charts'),
  request: { params: z.object({ digest: z.string().max(100) }) },
  responses: { 204: { description: 'Taken back' }, ...problems(403, 404, 409) },
});

/** `DELETE /api/v1/charts/{digest}`; the digest is that of the addresses and the etag. */
export const deleteChart = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const { caller } = c.var;
  const digest = chartDigestOf(c.req.valid('param').digest);
  if (digest === null) throw problem('not-found');
  const audit = auditEntry(c, caller, { action: 'chart.revoke', subjectKind: 'chart', subjectId: digest });
  const whose = caller.scopes.includes('admin') ? null : caller.userId;
  const outcome = await revokeChart(db, digest, whose, clock.nowMs(), audit);
  switch (outcome) {
    case 'unknown':
      throw problem('not-found');
    case 'foreign':
      throw problem('forbidden');
    case 'public':
      throw problem('conflict', { detail: 'a market chart is the same for everybody and stays for a year' });
    case 'revoked':
      return c.body(null, 204);
  }
});
