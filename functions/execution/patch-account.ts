import { createRoute } from '@hono/zod-openapi';
import { auditEntry } from '../identity/audit-entry.ts';
import { type CallerEnv, requireCaller } from '../identity/caller.ts';
import { bearer, body, idParam, json, problems, uuid } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { jsonPointer, problem } from '../platform/problem.ts';
import { accountFor } from './account-access.ts';
import { type SettingsChange, settingsChange } from './account-settings.ts';
import { readAccount, updateSettings } from './account-store.ts';
import { promiseBridge } from './binding-store.ts';
import { accountSchema, presentAccount } from './present-account.ts';

const wanted = settingsChange.extend({
  bridge_id: uuid.optional().openapi({
    description:
      'the bridge that is to drive the account: at once where it is not bound yet, else with its first snapshot of the same broker’s account. The present one takes that back',
  }),
});
const route = createRoute({
  method: 'patch',
  path: '/api/v1/accounts/{id}',
  tags: ['trading'],
  summary:
    'Change how an account of yours sizes and limits its orders, in force with the next order, or which bridge drives it',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: { params: idParam, body: body(wanted) },
  responses: { 200: json(accountSchema, 'The account'), ...problems(400, 403, 404, 409, 415, 422) },
});

type Asked = { readonly var: Readonly<CallerEnv['Variables']> };

const notTheirs = () => problem('forbidden', { detail: 'the account is another user’s' });

/** `PATCH /api/v1/accounts/{id}`: the account's own user alone, since it may raise risk. Approvals keep their terms. */
export const patchAccount = endpoint(route, async (c) => {
  const { db, clock } = c.var.deps;
  const { caller } = c.var;
  const { id } = await accountFor(db, c.req.valid('param').id, caller);
  const { bridge_id, ...change } = c.req.valid('json');
  if (bridge_id !== undefined) await changeBridge(c, id, bridge_id);
  if (bridge_id === undefined || Object.keys(change).length > 0) await changeSettings(c, id, change);
  const account = await readAccount(db, id);
  if (account === null) throw new Error('an account that was changed cannot be read');
  return c.json(presentAccount(account, clock.nowMs()), 200);
});

async function changeBridge(c: Asked, id: string, bridgeId: string): Promise<void> {
  const { db, queue, after } = c.var.deps;
  const { caller } = c.var;
  const audit = auditEntry(c, caller, {
    action: 'account.bridge',
    subjectKind: 'account',
    subjectId: id,
    detail: { bridge_id: bridgeId },
  });
  switch (await promiseBridge(db, { id, userId: caller.userId, bridgeId }, audit)) {
    case 'not-theirs':
      throw notTheirs();
    case 'released':
      throw problem('conflict', { detail: 'the account was released, and no bridge drives it any more' });
    case 'imported':
      throw problem('conflict', {
        detail: 'the account holds an imported history alone: no bridge drives it',
      });
    case 'bridge':
      throw problem('invalid-body', {
        errors: [{ pointer: '/bridge_id', detail: 'is not a live bridge of yours' }],
      });
    case 'bridge-taken':
      throw problem('conflict', { detail: 'this bridge drives another account, or is to' });
    case 'set':
    case 'promised':
      after(() => queue.send([{ kind: 'reconcile', account_id: id }]));
  }
}

async function changeSettings(c: Asked, id: string, change: SettingsChange): Promise<void> {
  const { db, clock } = c.var.deps;
  const { caller } = c.var;
  const audit = auditEntry(c, caller, {
    action: 'account.update',
    subjectKind: 'account',
    subjectId: id,
    detail: { ...change },
  });
  const outcome = await updateSettings(db, { id, userId: caller.userId }, change, clock.nowMs(), audit);
  switch (outcome.kind) {
    case 'not-theirs':
      throw notTheirs();
    case 'symbol-taken':
      throw problem('invalid-body', {
        errors: [
          {
            pointer: jsonPointer(['symbols', outcome.instrument]),
            detail: `${outcome.symbol} is an instrument of its own: say in symbols what your broker calls that one`,
          },
        ],
      });
    case 'changed':
  }
}
