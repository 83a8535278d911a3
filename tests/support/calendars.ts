/** Calendars for tests: those of the code by id, and changed ones. */
import { type CalendarDefinition, definitionSchema } from '../../functions/market/calendar-definition.ts';
import { DEFAULT_CALENDARS } from '../../functions/market/default-calendars.ts';
import { type TradingCalendar, tradingCalendar } from '../../functions/market/trading-calendar.ts';

/** The definition that comes with the code. */
export function defaultDefinition(id: string): CalendarDefinition {
  const found = DEFAULT_CALENDARS.get(id);
  if (found === undefined) throw new Error(`there is no calendar ${id}`);
  return found.definition;
}

/** A calendar of the code's, with changes that the schema accepts. */
export const calendar = (id: string, changes: Partial<CalendarDefinition> = {}): TradingCalendar =>
  tradingCalendar({
    definition: definitionSchema.parse({ ...defaultDefinition(id), ...changes }),
    version: 1,
  });

/** Epoch milliseconds of ISO 8601 in UTC, with or without its seconds. */
export const at = (text: string): number => {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new Error(`${text} is no time`);
  return ms;
};
