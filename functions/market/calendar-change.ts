import { auditEntry } from '../identity/audit-entry.ts';
import type { CallerEnv } from '../identity/caller.ts';
import { problem } from '../platform/problem.ts';
import { type CalendarDefinition, definitionSchema } from './calendar-definition.ts';
import { insertCalendar, readCalendarById } from './calendar-store.ts';

/** Several administrators at once each find the other's version in their way at most once a round. */
const ATTEMPTS = 5;
const FULL = 'the calendar holds as many exceptions or blocks as it may; post it anew without old ones';

/**
 * Stores the next version of a calendar, made by `change` of the one in force (null where none is or it cannot be
 * read), with its audit row. Where another version came between it is made again from that one. A 404 where `change`
 * gives null, a 422 where it adds more than a calendar holds.
 */
export async function changeCalendar(
  c: { readonly var: Readonly<CallerEnv['Variables']> },
  id: string,
  action: string,
  change: (inForce: CalendarDefinition | null) => CalendarDefinition | null,
): Promise<CalendarDefinition & { version: number }> {
  const { db, clock } = c.var.deps;
  const nowMs = clock.nowMs();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { inForce, last } = await readCalendarById(db, id, nowMs);
    const definition = change(inForce === null || inForce === 'unreadable' ? null : inForce.definition);
    if (definition === null) throw problem('not-found', { detail: 'no such calendar' });
    // What could not be read again would close the market.
    if (!definitionSchema.safeParse(definition).success) throw problem('invalid-body', { detail: FULL });
    const audit = auditEntry(c, c.var.caller, {
      action,
      subjectKind: 'calendar',
      subjectId: id,
      detail: { version: last + 1 },
    });
    if (await insertCalendar(db, definition, last, nowMs, audit)) return { ...definition, version: last + 1 };
  }
  throw problem('unavailable', { detail: 'others are changing this calendar; try again' });
}
