import { NeonDbError } from '@neondatabase/serverless';
import { sql } from 'drizzle-orm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDatabase } from '../../functions/platform/database.ts';
import { causeOf, consoleLog } from '../../functions/platform/log.ts';

const SECRET = 'hunter2-parameter';
const STATEMENT = 'SELECT secret_column\n  at somewhere\nFROM vault';

/** What drizzle throws when a statement fails. */
function failedQuery(): Error {
  const inner = new NeonDbError(`duplicate key value violates ux_vault (${SECRET})`);
  inner.code = '23505';
  return new Error(`Failed query: ${STATEMENT}\nparams: ${SECRET},\n    at ${SECRET} (file.ts:1:1)`, {
    cause: inner,
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the cause of a fault', () => {
  it('is its class, its code and its first frame', () => {
    expect(causeOf(failedQuery())).toMatch(/^Error 23505 at .*log\.test\.ts/);
    expect(causeOf(new TypeError('x'))).toMatch(/^TypeError at .*log\.test\.ts/);
  });

  it('holds no SQL and no parameter, even where a line of them looks like a frame', () => {
    const cause = causeOf(failedQuery());
    for (const word of [SECRET, 'secret_column', 'somewhere', 'vault']) expect(cause).not.toContain(word);
  });

  it('holds none of them when the real driver fails either', async () => {
    const db = createDatabase({
      url: `postgresql://someone:${SECRET}@db.invalid/main`,
      httpUrl: 'http://127.0.0.1:9/sql',
      timeoutMs: 5_000,
    });
    const thrown = await db.run(sql`SELECT ${SECRET}::text AS secret_column`).catch((e: unknown) => e);
    expect(thrown).toBeInstanceOf(Error);
    expect(String(thrown)).toContain('secret_column');
    const cause = causeOf(thrown);
    for (const word of [SECRET, 'secret_column']) expect(cause).not.toContain(word);
  });

  it('is a type where something else was thrown, and is safe without a stack or a message', () => {
    expect(causeOf(SECRET)).toBe('string');
    expect(causeOf(undefined)).toBe('undefined');
    const bare = new Error('');
    expect(causeOf(bare)).toMatch(/^Error at /);
    const changed = new Error('first');
    changed.message = SECRET;
    expect(causeOf(changed)).not.toContain(SECRET);
    delete bare.stack;
    expect(causeOf(bare)).toBe('Error');
  });
});

describe('a log line', () => {
  it('is one line of JSON', () => {
    const written = vi.spyOn(console, 'log').mockImplementation(() => {});
    const line = { kind: 'job', name: 'tick', outcome: 'two\nlines', request_id: 'r' } as const;
    consoleLog(line);
    expect(written).toHaveBeenCalledTimes(1);
    const text = String(written.mock.calls[0]?.[0]);
    expect(text).not.toContain('\n');
    expect(JSON.parse(text)).toEqual(line);
  });
});
