import { type SQL, sql } from 'drizzle-orm';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime } from '../platform/clock.ts';
import { type Database, databaseFault, type Row } from '../platform/database.ts';
import { sqlArray } from '../platform/sql-array.ts';
import { type CalendarDefinition, definitionSchema, type VersionedCalendar } from './calendar-definition.ts';
import { defaultCalendarId } from './default-calendar-id.ts';
import { DEFAULT_CALENDARS } from './default-calendars.ts';
import { type TradingCalendar, tradingCalendar } from './trading-calendar.ts';

/** `null`: the instrument has none. `unreadable`: what is stored cannot be followed by this version of the code. */
export type CalendarFound = TradingCalendar | 'unreadable' | null;

/** The version in force at a time: of those valid by then the one valid from latest, and of these the last posted. */
const inForce = (id: SQL, atMs: number) =>
  sql`SELECT definition, version FROM trading_calendars
    WHERE id = ${id} AND valid_from <= ${isoTime(atMs)}::timestamptz ORDER BY valid_from DESC, version DESC LIMIT 1`;

const DEFAULT_IDS = sqlArray('text', DEFAULT_CALENDARS.keys());

/**
 * The calendar's id for a symbol at a server: sessions that its broker states, then an override for it, then for all.
 * One that has no version yet in force does not count.
 */
const namedFor = (server: SQL, symbol: string | SQL, atMs: number) =>
  sql`SELECT calendar_id FROM symbol_calendars s
    WHERE symbol = ${symbol} AND broker_server IN (${server}, '*')
      AND (calendar_id = ANY(${DEFAULT_IDS}) OR EXISTS (SELECT 1 FROM trading_calendars c
        WHERE c.id = s.calendar_id AND c.valid_from <= ${isoTime(atMs)}::timestamptz))
    ORDER BY source = 'broker' DESC, broker_server = '*' LIMIT 1`;

/**
 * The calendar of an instrument as an account's broker trades it, in force at `atMs`; the class's own where nothing is
 * named. `account` is null where none was asked for or there is none of this id; one not yet bound has no server.
 */
export async function readCalendar(
  db: Database,
  of: { instrument: string; accountId: string | null },
  atMs: number,
): Promise<{ known: boolean; account: { userId: string } | null; calendar: CalendarFound }> {
  const byClass = defaultCalendarId(of.instrument);
  const [row = {}] = await db.run(sql`WITH acc AS (
      SELECT user_id, server FROM accounts WHERE id = ${of.accountId}::uuid
    ), named AS (${namedFor(sql`(SELECT server FROM acc)`, of.instrument, atMs)}
    ), chosen AS (SELECT coalesce((SELECT calendar_id FROM named), ${byClass}::text) AS id
    ), cal AS (${inForce(sql`(SELECT id FROM chosen)`, atMs)})
    SELECT (SELECT user_id FROM acc) AS user_id, (SELECT id FROM chosen) AS id, cal.definition, cal.version,
      EXISTS (SELECT 1 FROM instruments WHERE symbol = ${of.instrument}) AS known
    FROM (SELECT 1) AS one LEFT JOIN cal ON true`);
  const userId = row['user_id'] ?? null;
  return {
    known: row['known'] === true,
    account: userId === null ? null : { userId: String(userId) },
    calendar: calendarOf(row),
  };
}

/** The calendars of several instruments as an account's broker trades them, each calendar once, in force at `atMs`. */
export async function readCalendars(
  db: Database,
  of: { instruments: readonly string[]; accountId: string },
  atMs: number,
): Promise<CalendarFound[]> {
  const wanted = of.instruments.map((symbol) => ({ symbol, by_class: defaultCalendarId(symbol) }));
  const rows = await db.run(sql`WITH acc AS (SELECT server FROM accounts WHERE id = ${of.accountId}::uuid
    ), wanted AS (SELECT * FROM jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) AS x(symbol text, by_class text)
    ), chosen AS (SELECT DISTINCT coalesce((${namedFor(sql`(SELECT server FROM acc)`, sql`wanted.symbol`, atMs)}),
        wanted.by_class) AS id FROM wanted)
    SELECT chosen.id, cal.definition, cal.version
    FROM chosen LEFT JOIN LATERAL (${inForce(sql`chosen.id`, atMs)}) cal ON true`);
  return rows.map(calendarOf);
}

function calendarOf(row: Row): CalendarFound {
  const id = row['id'] ?? null;
  if (id === null) return null;
  const found = versionedOf(String(id), row);
  return found === null || found === 'unreadable' ? found : tradingCalendar(found);
}

function versionedOf(id: string, row: Row): VersionedCalendar | 'unreadable' | null {
  if ((row['definition'] ?? null) === null) return DEFAULT_CALENDARS.get(id) ?? null;
  const parsed = definitionSchema.safeParse(row['definition']);
  return parsed.success ? { definition: parsed.data, version: Number(row['version']) } : 'unreadable';
}

export type CalendarVersions = {
  /** Null where there is no such calendar, or none of its versions holds yet. */
  inForce: VersionedCalendar | 'unreadable' | null;
  /** Those that will be in force later, the next one first. */
  later: (VersionedCalendar | 'unreadable')[];
  /** The number of its last version; 0 where none is stored. */
  last: number;
};

/** What is and will be in force of a calendar. */
export async function readCalendarById(db: Database, id: string, atMs: number): Promise<CalendarVersions> {
  const [row = {}] = await db.run(sql`WITH cal AS (${inForce(sql`${id}`, atMs)}), later AS (
      SELECT DISTINCT ON (valid_from) definition, version, valid_from FROM trading_calendars
      WHERE id = ${id} AND valid_from > ${isoTime(atMs)}::timestamptz ORDER BY valid_from, version DESC
    )
    SELECT cal.definition, cal.version,
      coalesce((SELECT max(version) FROM trading_calendars WHERE id = ${id}), 0) AS last,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('definition', definition, 'version', version) ORDER BY valid_from), '[]')
        FROM later) AS later
    FROM (SELECT 1) AS one LEFT JOIN cal ON true`);
  const later = (row['later'] as Row[]).map((r) => versionedOf(id, r)).filter((v) => v !== null);
  return { inForce: versionedOf(id, row), later, last: Number(row['last']) };
}

/**
 * Stores definitions of one calendar as the versions after `last`, all or none, with one audit row. False where another
 * version was stored first: the caller has to look again at what it changes.
 */
export async function insertCalendar(
  db: Database,
  definitions: readonly CalendarDefinition[],
  last: number,
  nowMs: number,
  audit: AuditEntry,
): Promise<boolean> {
  const versions = definitions.map((definition, i) => ({ definition, version: last + 1 + i }));
  try {
    await db.run(sql`WITH ins AS (
      INSERT INTO trading_calendars (id, version, definition, valid_from, created_at)
      SELECT x.definition->>'id', x.version, x.definition, (x.definition->>'valid_from')::timestamptz,
        ${isoTime(nowMs)}::timestamptz
      FROM jsonb_to_recordset(${JSON.stringify(versions)}::jsonb) AS x(definition jsonb, version int) RETURNING id
    ), aud AS (${auditInsert(audit, sql`(SELECT DISTINCT id FROM ins) AS changed`)}) SELECT 1 AS one FROM ins`);
    return true;
  } catch (e) {
    // Whoever was first has the number of the first of these, so that none of them is stored.
    if (databaseFault(e)?.kind === 'constraint') return false;
    throw e;
  }
}

export type SymbolCalendar = {
  brokerServer: string;
  symbol: string;
  source: 'broker' | 'override';
  calendarId: string | null;
};

/** Names the calendar of an instrument at a server, with its audit row. Says which of the two is not known, if one. */
export async function putSymbolCalendar(
  db: Database,
  s: SymbolCalendar,
  nowMs: number,
  audit: AuditEntry,
): Promise<'stored' | 'instrument' | 'calendar'> {
  const ours = s.calendarId === null || DEFAULT_CALENDARS.has(s.calendarId);
  const [row = {}] = await db.run(sql`WITH i AS (SELECT symbol FROM instruments WHERE symbol = ${s.symbol}
    ), ins AS (
      INSERT INTO symbol_calendars (broker_server, symbol, source, calendar_id, updated_at)
      SELECT ${s.brokerServer}, i.symbol, ${s.source}, ${s.calendarId}, ${isoTime(nowMs)}::timestamptz FROM i
      WHERE ${ours}::boolean OR EXISTS (SELECT 1 FROM trading_calendars WHERE id = ${s.calendarId})
      ON CONFLICT (broker_server, symbol, source)
        DO UPDATE SET calendar_id = excluded.calendar_id, updated_at = excluded.updated_at
      RETURNING symbol
    ), aud AS (${auditInsert(audit, sql`ins`)})
    SELECT (SELECT symbol FROM ins) AS stored, EXISTS (SELECT 1 FROM i) AS known`);
  if ((row['stored'] ?? null) !== null) return 'stored';
  return row['known'] === true ? 'calendar' : 'instrument';
}
