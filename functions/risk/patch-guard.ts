import { createRoute, z } from '@hono/zod-openapi';
import { accountFor } from '../execution/account-access.ts';
import { auditEntry } from '../identity/audit-entry.ts';
import { type CallerEnv, requireCaller } from '../identity/caller.ts';
import { bearer, body, idParam, json, problems } from '../platform/contract.ts';
import { endpoint } from '../platform/endpoint.ts';
import { jsonPointer, problem } from '../platform/problem.ts';
import { booksMove } from './guard-conflict.ts';
import { loosenings } from './guard-loosening.ts';
import {
  type GuardSettingsChange,
  guardSettings,
  guardSettingsChange,
  type StatedGuardSettings,
} from './guard-settings.ts';
import { changeGuardSettings, HELD_PHASES, withGuard } from './guard-settings-store.ts';
import { guardView } from './guard-view-store.ts';
import { guardSchema } from './present-guard.ts';

/** A person is not made to wait longer than that for a closing. */
const MOST_WARNING_MS = 60_000;

const wanted = guardSettingsChange
  .extend({ warning_ms: z.number().int().min(0).max(MOST_WARNING_MS).optional() })
  .openapi('GuardSettingsChange');
const route = createRoute({
  method: 'patch',
  path: '/api/v1/accounts/{id}/guard',
  tags: ['trading'],
  summary: 'Change by what an account’s guard judges, from the next snapshot on',
  description:
    'Tightening is open to the account’s user; whatever loosens a bound is for owner and admin: a lesser mode, a higher ' +
    '`warn_bps` or `trip_bps`, a lower or no `floor_equity`, scope `own`, a longer warning, `abort_on_recovery`, a daily rule ' +
    'that is removed or not clearly as strict, a market guard that is less strict. `daily_rules` and `market` replace what ' +
    'was there. Refused while the guard has warned, closes or is latched.',
  security: bearer,
  middleware: requireCaller('trading:act'),
  request: { params: idParam, body: body(wanted) },
  responses: { 200: json(guardSchema, 'The guard'), ...problems(400, 403, 404, 409, 415, 422) },
});

type Asked = { readonly var: Readonly<CallerEnv['Variables']> };

/** `PATCH /api/v1/accounts/{id}/guard` */
export const patchGuard = endpoint(route, async (c) => {
  const { db, clock, queue, after } = c.var.deps;
  const { caller } = c.var;
  const account = await accountFor(db, c.req.valid('param').id, caller);
  // What is named and left open is not said.
  const change = Object.fromEntries(
    Object.entries(c.req.valid('json')).filter(([, value]) => value !== undefined),
  ) as GuardSettingsChange;
  if (Object.keys(change).length > 0) {
    await changed(c, account.id, change);
    // Its bridge goes by them as well.
    after(() => queue.send([{ kind: 'reconcile', account_id: account.id }]));
  }
  return c.json(await guardView(db, account, clock.nowMs()), 200);
});

async function changed(c: Asked, id: string, change: GuardSettingsChange): Promise<void> {
  const { db } = c.var.deps;
  const done = await withGuard(db, id, (guard) => {
    if (HELD_PHASES.has(guard.phase))
      throw problem('conflict', {
        detail: `the guard is ${guard.phase}: its settings stand until that is over, or an owner or admin has re-armed it`,
      });
    const looser = judged(c, guard.stated, { ...guard.stated, ...change });
    const audit = auditEntry(c, c.var.caller, {
      action: 'guard.settings',
      subjectKind: 'account',
      subjectId: id,
      detail: { change, before: before(guard.stated, change), loosens: looser },
    });
    return changeGuardSettings(db, guard, change, audit);
  });
  if (done === null) throw booksMove();
}

/** What of it loosens the guard; throws where that is not the caller's to do, or the settings do not fit together. */
function judged(c: Asked, stated: StatedGuardSettings, next: StatedGuardSettings): string[] {
  const looser = loosenings(stated, next);
  if (looser.length > 0 && !c.var.caller.scopes.includes('admin'))
    throw problem('forbidden', {
      detail: `this would loosen ${looser.join(', ')}: it is for an owner or admin, with the scope admin`,
    });
  const parsed = guardSettings.safeParse(next);
  if (parsed.success) return looser;
  throw problem('invalid-body', {
    errors: parsed.error.issues.map(({ path, message }) => ({ pointer: jsonPointer(path), detail: message })),
  });
}

const before = (stated: StatedGuardSettings, change: GuardSettingsChange): Record<string, unknown> =>
  Object.fromEntries(Object.keys(change).map((name) => [name, stated[name as keyof StatedGuardSettings]]));
