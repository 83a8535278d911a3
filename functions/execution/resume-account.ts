import { createRoute } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { problem } from '../platform/problem.ts';
import { accountFor } from './account-access.ts';
import { isDriven, setHalted } from './account-store.ts';
import { accountSchema, presentAccount } from './present-account.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/accounts/{id}/resume',
  tags: ['trading'],
  summary: 'Allow entries on a bound account again (owner and admin)',
  security: bearer,
  middleware: requireCaller('admin'),
  request: { params: idParam },
  responses: { 200: json(accountSchema, 'The account, no longer halted'), ...problems(403, 404, 409) },
});

/** `POST /api/v1/accounts/{id}/resume`: raises risk, so it is for owner and admin. */
export const resumeAccount = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const account = await accountFor(db, c.req.valid('param').id, c.var.caller);
  if (!isDriven(account))
    throw problem('conflict', {
      detail: 'the account has no bridge: it holds an imported history alone, and never trades',
    });
  if (account.binding === null)
    throw problem('conflict', {
      detail: 'the account is not bound yet: its bridge has sent no signed snapshot',
    });
  const audit = auditEntry(c, c.var.caller, {
    action: 'account.resume',
    subjectKind: 'account',
    subjectId: account.id,
  });
  if (!(await setHalted(db, account.id, false, clock.nowMs(), audit)))
    throw problem('conflict', { detail: 'the account was released, and never trades again' });
  return c.json(presentAccount({ ...account, halted: false, withdrawPending: false }, clock.nowMs()), 200);
});
