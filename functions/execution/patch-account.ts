import { createRoute } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, body, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { accountFor } from './account-access.ts';
import { settingsChange } from './account-settings.ts';
import { updateSettings } from './account-store.ts';
import { accountSchema, presentAccount } from './present-account.ts';

const route = createRoute({
  method: 'patch',
  path: '/api/v1/accounts/{id}',
  tags: ['trading'],
  summary: 'Change how an account of yours sizes and limits its orders; in force with the next order',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: { params: idParam, body: body(settingsChange) },
  responses: { 200: json(accountSchema, 'The account'), ...problems(400, 403, 404, 415, 422) },
});

/** `PATCH /api/v1/accounts/{id}`: the account's own user alone, since it may raise risk. Approvals keep their terms. */
export const patchAccount = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const { caller } = c.var;
  const before = await accountFor(db, c.req.valid('param').id, caller);
  const { id } = before;
  const change = c.req.valid('json');
  const audit = auditEntry(c, caller, {
    action: 'account.update',
    subjectKind: 'account',
    subjectId: id,
    detail: { ...change },
  });
  const account = await updateSettings(db, { id, userId: caller.userId }, change, clock.nowMs(), audit);
  if (account === null) throw problem('forbidden', { detail: 'the account is another user’s' });
  const standing = {
    contact: before.contact ?? null,
    ...(before.deployment && { deployment: before.deployment }),
  };
  return c.json(presentAccount({ ...account, ...standing }, clock.nowMs()), 200);
});
