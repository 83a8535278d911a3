import { createRoute } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { accountFor } from './account-access.ts';
import { setHalted } from './account-store.ts';
import { accountSchema, presentAccount } from './present-account.ts';

const route = createRoute({
  method: 'post',
  path: '/api/v1/accounts/{id}/halt',
  tags: ['trading'],
  summary: 'Stop entries on an account, at once. Closes are never blocked',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: { params: idParam },
  responses: { 200: json(accountSchema, 'The account, halted'), ...problems(403, 404) },
});

/** `POST /api/v1/accounts/{id}/halt`: only reduces risk, so the account's user may do it. */
export const haltAccount = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const account = await accountFor(db, c.req.valid('param').id, c.var.caller);
  const audit = auditEntry(c, c.var.caller, {
    action: 'account.halt',
    subjectKind: 'account',
    subjectId: account.id,
  });
  await setHalted(db, account.id, true, clock.nowMs(), audit);
  return c.json(presentAccount({ ...account, halted: true }, clock.nowMs()), 200);
});
