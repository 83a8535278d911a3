import { createRoute, z } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { requireCaller } from '../identity/caller.ts';
import { bearer, idParam, json, optionalBody, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { accountFor } from './account-access.ts';
import { setHalted } from './account-store.ts';
import { accountSchema, presentAccount } from './present-account.ts';
import { withdrawPending } from './present-deployment.ts';

const wanted = z.strictObject({ withdraw_pending: withdrawPending }).openapi('AccountHalt');
const route = createRoute({
  method: 'post',
  path: '/api/v1/accounts/{id}/halt',
  tags: ['trading'],
  summary:
    'Stop entries on an account, at once, and have working orders taken back or not. Closes are never blocked',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: { params: idParam, body: optionalBody(wanted) },
  responses: { 200: json(accountSchema, 'The account, halted'), ...problems(400, 403, 404, 415, 422) },
});

/** `POST /api/v1/accounts/{id}/halt`: only reduces risk, so the account's user may do it. */
export const haltAccount = endpoint(route, async (c) => {
  const { db, clock, queue, after } = c.var.deps;
  // Without a body nothing fills in what is not said.
  const { withdraw_pending = false } = c.req.valid('json');
  const account = await accountFor(db, c.req.valid('param').id, c.var.caller);
  const audit = auditEntry(c, c.var.caller, {
    action: 'account.halt',
    subjectKind: 'account',
    subjectId: account.id,
    detail: { withdraw_pending },
  });
  await setHalted(db, account.id, true, clock.nowMs(), audit, withdraw_pending);
  if (withdraw_pending) after(() => queue.send([{ kind: 'reconcile', account_id: account.id }]));
  const halted = { halted: true, withdrawPending: account.withdrawPending || withdraw_pending };
  return c.json(presentAccount({ ...account, ...halted }, clock.nowMs()), 200);
});
