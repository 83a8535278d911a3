import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { LAST_EPOCH } from './restore-epoch.ts';
import { raiseEpoch } from './restore-epoch-store.ts';

const wanted = z.strictObject({
  expected_epoch: z
    .number()
    .int()
    .min(0)
    .max(LAST_EPOCH)
    .openapi({ description: 'the epoch that is to end, as `GET /api/v1/deployment` shows it' }),
});
const route = createRoute({
  method: 'post',
  path: '/api/v1/restore-epoch/raise',
  tags: ['operations'],
  summary:
    'After a restore: begin an epoch of magic numbers that no broker has seen, and let entries go again (owner)',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { body: body(wanted) },
  responses: {
    200: json(z.object({ epoch: z.number().int() }).openapi('RestoreEpoch'), 'The new epoch'),
    ...problems(400, 403, 409, 415, 422),
  },
});

/**
 * `POST /api/v1/restore-epoch/raise`: also before anybody noticed, by whoever has just restored a database. There are 255
 * epochs in all, so the one that is to end must be named: of two clicks the second is a 409 that names the present one.
 */
export const raiseRestoreEpoch = endpoint(route, async (c) => {
  const { caller } = c.var;
  if (caller.role !== 'owner')
    throw problem('forbidden', { detail: 'only an owner raises the restore epoch' });
  const { expected_epoch: expected } = c.req.valid('json');
  const audit = auditEntry(c, caller, {
    action: 'restore-epoch.raise',
    subjectKind: 'deployment',
    subjectId: 'restore-epoch',
    detail: { expected_epoch: expected },
  });
  const outcome = await raiseEpoch(c.var.deps.db, expected, audit);
  switch (outcome.kind) {
    case 'raised':
      return c.json({ epoch: outcome.epoch }, 200);
    case 'other-epoch':
      throw problem('conflict', { detail: 'the restore epoch is another one', epoch: outcome.epoch });
    case 'exhausted':
      throw problem('conflict', { detail: 'there is no epoch left in the magic numbers' });
  }
});
