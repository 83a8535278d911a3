/**
 * Lists: newest first by (created_at, id) where nothing else is said, a page number for people and a cursor for deep pages.
 * The total is exact up to 10,000 and a lower bound beyond, because counting a million rows costs more than any page.
 */
import { z } from '@hono/zod-openapi';
import { type SQL, sql } from 'drizzle-orm';
import { isoTime, timestampMs } from './clock.ts';
import type { Database, Row } from './database.ts';
import { toBase64Url } from './encoding.ts';
import { isUuid } from './ids.ts';
import { problem } from './problem.ts';

export const MAX_EXACT_TOTAL = 10_000;

export const pageQuery = z.object({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  page_size: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().max(200).optional(),
});

/** The schema of a list's answer. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    page: z.number().int(),
    page_size: z.number().int(),
    total: z.number().int(),
    total_is_lower_bound: z.literal(true).optional(),
    next_cursor: z.string().nullable(),
  });

/** An order that a list offers beside its own: what its `at` is, and which way both columns go. */
export type ListOrder = {
  /** Part of the cursor, so that a place in one order is none in another. */
  name: string;
  kind: 'time' | 'decimal';
  ascending: boolean;
};
/** What tells rows of one `at` apart. */
type IdKind = 'uuid' | 'text';
type Cursor = { at: string; id: string };

/** How PostgreSQL prints a timestamp. Nothing else is handed back to it as one. */
const PRINTED_TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d)?$/;
/** How it prints a `numeric(20,8)`. */
const PRINTED_DECIMAL = /^-?\d{1,12}(\.\d{1,8})?$/;
const PRINTED_ID = { uuid: isUuid, text: (id: string) => /^[\w./:-]{1,100}$/.test(id) };

const encode = (c: Cursor, order: ListOrder | null): string =>
  toBase64Url(new TextEncoder().encode([c.at, c.id, ...(order ? [order.name] : [])].join('|')));

/** The position a cursor names; null where it is not one of ours, or of another order. */
export function decodeCursor(
  text: string,
  order: ListOrder | null = null,
  ids: IdKind = 'uuid',
): Cursor | null {
  const [at, id, name, more] = atobUrl(text).split('|');
  if (at === undefined || id === undefined || more !== undefined || name !== order?.name) return null;
  return PRINTED_ID[ids](id) && isPlace(at, order) ? { at, id } : null;
}

/** What has not ended yet is listed as if it ended in all eternity. */
function isPlace(at: string, order: ListOrder | null): boolean {
  if (order?.kind === 'decimal') return PRINTED_DECIMAL.test(at);
  return (order !== null && at === 'infinity') || (PRINTED_TIME.test(at) && isMoment(at));
}

function isMoment(text: string): boolean {
  const day = text.slice(0, 10);
  try {
    return timestampMs(text) > 0 && isoTime(timestampMs(`${day} 00:00:00+00`)).startsWith(day);
  } catch {
    return false;
  }
}

function atobUrl(text: string): string {
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return '';
  }
}

/**
 * Reads one page. `from` is everything from FROM to the end of WHERE; `at` and `id` are the columns of the order, both
 * descending where `order` says nothing else, and have an index where it is said to be `indexed`. Two statements, one round trip. Throws `invalid-query` for a cursor that is not
 * one of ours.
 */
export async function readPage<T>(
  db: Database,
  query: { page: number; page_size: number; cursor?: string | undefined },
  parts: { columns: SQL; from: SQL; at: SQL; id: SQL; order?: ListOrder; ids?: IdKind; indexed?: boolean },
  read: (row: Row) => T,
) {
  const { order = null, ids = 'uuid' } = parts;
  const after = query.cursor === undefined ? null : decodeCursor(query.cursor, order, ids);
  if (query.cursor !== undefined && after === null)
    throw problem('invalid-query', {
      errors: [{ pointer: '/cursor', detail: 'is not a cursor of this list' }],
    });
  const types = { at: order?.kind === 'decimal' ? sql`numeric` : sql`timestamptz`, id: sql.raw(ids) };
  const way = order?.ascending ? { beyond: sql`>`, word: sql`ASC` } : { beyond: sql`<`, word: sql`DESC` };
  const beyond = after
    ? sql` AND (${parts.at}, ${parts.id}) ${way.beyond} (${after.at}::${types.at}, ${after.id}::${types.id})`
    : sql``;
  const offset = after ? 0 : (query.page - 1) * query.page_size;
  // Of a large table the entries of the order's own index are counted, and no row is read for it.
  const counted = parts.indexed ? sql`ORDER BY ${parts.at} ${way.word}, ${parts.id} ${way.word}` : sql``;
  const [rows = [], counts = []] = await db.batch([
    sql`SELECT ${parts.columns}, ${parts.at}::text AS page_at, ${parts.id}::text AS page_id ${parts.from}${beyond}
        ORDER BY ${parts.at} ${way.word}, ${parts.id} ${way.word} LIMIT ${query.page_size + 1} OFFSET ${offset}`,
    sql`SELECT count(*)::int AS total FROM (SELECT 1 ${parts.from} ${counted} LIMIT ${MAX_EXACT_TOTAL + 1}) AS counted`,
  ]);
  const total = Number(counts[0]?.['total'] ?? 0);
  const shown = rows.slice(0, query.page_size);
  const last = rows.length > query.page_size ? shown.at(-1) : undefined;
  const next = last ? encode({ at: String(last['page_at']), id: String(last['page_id']) }, order) : null;
  return {
    items: shown.map(read),
    page: query.page,
    page_size: query.page_size,
    total: Math.min(total, MAX_EXACT_TOTAL),
    ...(total > MAX_EXACT_TOTAL ? { total_is_lower_bound: true as const } : {}),
    next_cursor: next,
  };
}

/** Milliseconds for a column that the driver read as text. */
export const rowTime = (row: Row, column: string): number => timestampMs(String(row[column]));
