import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, json, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { accountFor } from './account-access.ts';
import { dismissSuspicion } from './epoch-suspicion-store.ts';

const wanted = z.strictObject({
  account_id: uuid,
  magic: z
    .string()
    .regex(/^\d{1,19}$/)
    .openapi({ description: 'the magic that was judged, as `GET /api/v1/deployment` shows it' }),
  reason: z.string().trim().min(1).max(500),
});
const dismissed = z
  .object({ account_id: uuid, magic: z.string(), dismissed: z.literal(true) })
  .openapi('DismissedSuspicion');
const route = createRoute({
  method: 'post',
  path: '/api/v1/restore-epoch/dismiss',
  tags: ['operations'],
  summary: 'Judge that what an account’s broker shows means no restore: it takes entries again (owner)',
  description:
    'The magic is not held against the account any more, nor anything as little plausible below it; and as long as it stands beyond our counter the account’s word no longer counts for others.',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { body: body(wanted) },
  responses: { 200: json(dismissed, 'Dismissed'), ...problems(400, 403, 404, 409, 415, 422) },
});

/** `POST /api/v1/restore-epoch/dismiss`: of what the owner has seen, so that a magic which came meanwhile is a 409 with its name. */
export const dismissRestoreSuspicion = endpoint(route, async (c) => {
  const { db } = c.var.deps;
  const { caller } = c.var;
  if (caller.role !== 'owner')
    throw problem('forbidden', { detail: 'only an owner dismisses a suspected restore' });
  const { account_id, magic, reason } = c.req.valid('json');
  const account = await accountFor(db, account_id, caller);
  const audit = auditEntry(c, caller, {
    action: 'restore-epoch.dismiss',
    subjectKind: 'account',
    subjectId: account.id,
    detail: { magic, reason },
  });
  const outcome = await dismissSuspicion(db, { accountId: account.id, magic }, audit);
  switch (outcome.kind) {
    case 'dismissed':
      return c.json({ account_id, magic, dismissed: true as const }, 200);
    case 'other-magic':
      throw problem('conflict', { detail: 'the account shows another magic', magic: outcome.magic });
    case 'no-suspicion':
      throw problem('conflict', { detail: 'no restore is suspected of the account' });
  }
});
