import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { accountFor } from './account-access.ts';
import { readAccount } from './account-store.ts';
import { releaseBinding } from './binding-store.ts';
import { accountSchema, presentAccount } from './present-account.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/accounts/{id}/release',
  tags: ['trading'],
  summary: 'Take its broker’s login from an account, for ever, so that another may be bound to it (owner)',
  description:
    'For a login that somebody has claimed who does not hold it, or an account that is given up. It keeps its books, is halted for ever and is never bound again: its user adds a new one.',
  security: bearer,
  middleware: requireCaller('admin'),
  request: {
    params: idParam,
    body: body(z.strictObject({ reason: z.string().trim().min(1).max(500) })),
  },
  responses: {
    200: json(accountSchema, 'The account, released; again is the same'),
    ...problems(400, 403, 404, 409, 415, 422),
  },
});

/** `POST /api/v1/accounts/{id}/release`: ends what a user has built up, so it is for an owner; may be sent again safely. */
export const releaseAccount = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const { caller } = c.var;
  if (caller.role !== 'owner') throw problem('forbidden', { detail: 'only an owner releases an account' });
  const { id } = await accountFor(db, c.req.valid('param').id, caller);
  const audit = auditEntry(c, caller, {
    action: 'account.release',
    subjectKind: 'account',
    subjectId: id,
    detail: c.req.valid('json'),
  });
  const released = await releaseBinding(db, id, audit);
  const account = await readAccount(db, id);
  if (account === null) throw new Error('an account that was released cannot be read');
  if (!released && !account.released)
    throw problem('conflict', { detail: 'the account is bound to nothing that could be released' });
  return c.json(presentAccount(account, clock.nowMs()), 200);
});
