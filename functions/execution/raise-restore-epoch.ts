import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { raiseEpoch } from './restore-epoch-store.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/restore-epoch/raise',
  tags: ['operations'],
  summary:
    'After a restore: begin an epoch of magic numbers that no broker has seen, and let commands go again (owner)',
  security: bearer,
  middleware: requireCaller('admin'),
  responses: {
    200: json(z.object({ epoch: z.number().int() }).openapi('RestoreEpoch'), 'The new epoch'),
    ...problems(403, 409),
  },
});

/** `POST /api/v1/restore-epoch/raise`: also before anybody noticed, by whoever has just restored a database. */
export const raiseRestoreEpoch = endpoint(route, async (c) => {
  const { db } = c.var.deps;
  const { caller } = c.var;
  if (caller.role !== 'owner')
    throw problem('forbidden', { detail: 'only an owner raises the restore epoch' });
  const audit = auditEntry(c, caller, {
    action: 'restore-epoch.raise',
    subjectKind: 'deployment',
    subjectId: 'restore-epoch',
  });
  const epoch = await raiseEpoch(db, audit);
  if (epoch === null) throw problem('conflict', { detail: 'there is no epoch left in the magic numbers' });
  return c.json({ epoch }, 200);
});
