import { auditEntry } from '../identity/audit-entry.ts';
import type { CallerEnv } from '../identity/caller.ts';
import { problem } from '../platform/problem.ts';
import { type CalendarDefinition, definitionSchema } from './calendar-definition.ts';
import { type CalendarVersions, insertCalendar, readCalendarById } from './calendar-store.ts';

/** Several administrators at once each find the other's version in their way at most once a round. */
const ATTEMPTS = 5;
const FULL = 'the calendar holds as many exceptions or blocks as it may; post it anew without old ones';

/** A definition that takes the place of whatever there is, or how one is edited. */
type Change = CalendarDefinition | ((definition: CalendarDefinition) => CalendarDefinition);

/**
 * Stores the next version of a calendar, with its audit row. An edit makes one of the version in force and one of each
 * that will be, from the same moment on as that: a holiday does not end with the version that it was added to. Where another
 * version came between it is made again from that one. An edit needs a version in force to begin from: a 404 where there is
 * no such calendar, a 409 where what is stored cannot be read or does not hold yet. A 422 where it adds more than a calendar
 * holds.
 */
export async function changeCalendar(
  c: { readonly var: Readonly<CallerEnv['Variables']> },
  id: string,
  action: string,
  change: Change,
): Promise<CalendarDefinition & { version: number }> {
  const { db, clock } = c.var.deps;
  const nowMs = clock.nowMs();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const found = await readCalendarById(db, id, nowMs);
    const { last } = found;
    const [definition, ...later] = typeof change === 'function' ? edited(found, change) : [change];
    const definitions = [definition, ...later];
    // What could not be read again would close the market.
    if (!definitions.every((d) => definitionSchema.safeParse(d).success))
      throw problem('invalid-body', { detail: FULL });
    const audit = auditEntry(c, c.var.caller, {
      action,
      subjectKind: 'calendar',
      subjectId: id,
      detail: { version: last + 1, ...(later.length === 0 ? {} : { later: later.length }) },
    });
    if (await insertCalendar(db, definitions, last, nowMs, audit))
      return { ...definition, version: last + 1 };
  }
  throw problem('unavailable', { detail: 'others are changing this calendar; try again' });
}

/** What is in force, edited, and then what will be. A later version that cannot be read takes no entries as it is. */
function edited(
  found: CalendarVersions,
  edit: (definition: CalendarDefinition) => CalendarDefinition,
): [CalendarDefinition, ...CalendarDefinition[]] {
  const later = found.later.flatMap((v) => (v === 'unreadable' ? [] : [edit(v.definition)]));
  return [edit(editable(found)), ...later];
}

function editable({ inForce, last }: CalendarVersions): CalendarDefinition {
  if (inForce === 'unreadable')
    throw problem('conflict', { detail: 'what is stored of this calendar cannot be read; post it anew' });
  if (inForce !== null) return inForce.definition;
  if (last === 0) throw problem('not-found', { detail: 'no such calendar' });
  throw problem('conflict', { detail: 'no version of this calendar is in force yet; post it anew' });
}
