import type { AuditEntry } from '../platform/audit.ts';
import type { AppEnv } from '../platform/endpoint.ts';
import type { Caller } from './caller.ts';

type Change = { action: string; subjectKind: string; subjectId: string; detail?: Record<string, unknown> };

/** The audit row of something that a person does in this request. */
export const auditEntry = (
  c: { readonly var: Readonly<AppEnv['Variables']> },
  caller: Caller,
  change: Change,
): AuditEntry => ({
  id: c.var.deps.ids.next(),
  nowMs: c.var.deps.clock.nowMs(),
  actorKind: 'user',
  actorId: caller.userId,
  detail: {},
  ...change,
  requestId: c.var.requestId,
});
