import { createHash } from 'node:crypto';
import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { readRowsBetween, sealAudit } from '../../functions/identity/audit-seal-store.ts';
import { sealAudit as sealJob } from '../../functions/identity/seal-audit.ts';
import { type AuditEntry, auditInsert } from '../../functions/platform/audit.ts';
import { auditReportText, verifyAudit } from '../../infra/audit-verify.ts';
import { auditOf } from '../support/organisation.ts';
import { runs } from '../support/property.ts';
import { createTestDatabase, type TestDatabase, untilBlocked } from '../support/test-database.ts';
import { type TestDeps, testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let deps: TestDeps;
const open: TestDatabase[] = [];

beforeEach(async () => {
  t = await createTestDatabase();
  open.push(t);
  deps = testDeps(t);
});
afterAll(async () => {
  for (const database of open) await database.drop();
});

/**
 * Waits until every row that can be seen lies below the horizon: a transaction of another database of this server, another
 * test file's, holds it back as well as one of ours.
 */
async function settled(): Promise<void> {
  const waiting = `SELECT 1 FROM audit_log WHERE xact >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint LIMIT 1`;
  while ((await t.sql(waiting)).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
}
/** One seal as things are. */
const sealAsItIs = (limit?: number) => sealAudit(t.db, deps.clock.nowMs(), limit);
async function seal(limit?: number) {
  await settled();
  return sealAsItIs(limit);
}
async function runJob(rowsPerSeal?: number): Promise<number> {
  await settled();
  return sealJob(deps, rowsPerSeal);
}
const one = sql`(SELECT 1) AS one`;

async function write(over: Partial<AuditEntry> = {}): Promise<string> {
  const entry = { ...auditOf(deps, 'subject'), ...over };
  await t.db.run(auditInsert(entry, one));
  return entry.id;
}
const INSERT = `INSERT INTO audit_log (id, at, actor_kind, action, subject_kind, subject_id, detail, request_id)
  VALUES ($1, $2, 'system', 'late', 'test', 'subject', '{}', 'r')`;
/** A transaction that has written an audit row and goes on. */
async function slow(at = '2020-01-01T00:00:00Z'): Promise<{ client: pg.Client; id: string }> {
  const client = await t.connect('runtime');
  const id = deps.ids.next();
  await client.query('BEGIN');
  await client.query(INSERT, [id, at]);
  return { client, id };
}
const sealed = async (): Promise<string[]> => {
  const rows = await t.sql('SELECT entries FROM audit_seals ORDER BY seq');
  return rows.flatMap((r) => String(r['entries']).split('\n')).map((line) => line.split(' ')[0] ?? '');
};

describe('the hash of an audit row', () => {
  it('is the SHA-256 of its canonical content, which no two rows share', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((s) => s.replaceAll('\u0000', ''));
    const entries = fc.record({
      action: text,
      subjectKind: text,
      subjectId: text,
      requestId: fc.constantFrom('', '\\', '\\x41', "'", '1:a,', 'ü€😀'),
      detail: fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean())),
      actorId: fc.option(fc.uuid()),
    });
    const made: string[] = [];
    await fc.assert(
      fc.asyncProperty(entries, async (over) => {
        made.push(await write(over));
      }),
      runs(40),
    );
    const stored = await t.sql('SELECT id, sha256 FROM audit_log');
    const contents = await readRowsBetween(t.db, null, null, 1000);
    expect(contents).toHaveLength(made.length);
    for (const { id, content } of contents) {
      const sha256 = createHash('sha256').update(content, 'utf8').digest('hex');
      expect(stored.find((r) => r['id'] === id)?.['sha256']).toBe(sha256);
    }
    expect(new Set(contents.map((r) => r.content)).size).toBe(made.length);
  });

  it('is of this very text (vector)', async () => {
    const id = '0199c7a0-0000-7000-8000-000000000001';
    await write({ id, nowMs: Date.parse('2026-03-02T10:00:00.123Z'), detail: { b: 1, a: 'ü' } });
    const [row] = await readRowsBetween(t.db, null, null, 1);
    expect(row?.content).toBe(
      `36:${id},16:1772445600123000,6:system,0:,4:test,4:test,7:subject,19:{"a": "ü", "b": 1},4:test,`,
    );
  });

  it('cannot be written by whoever inserts, and the row cannot be changed by the runtime', async () => {
    const client = await t.connect('runtime');
    await expect(
      client.query(INSERT.replace('(id,', '(sha256, id,').replace('($1', "('x', $1")),
    ).rejects.toThrow();
    await write();
    for (const text of [
      "UPDATE audit_log SET action = 'x'",
      'DELETE FROM audit_log',
      'TRUNCATE audit_log',
      "UPDATE audit_seals SET sha256 = 'x'",
      'DELETE FROM audit_seals',
      'TRUNCATE audit_seals',
    ])
      await expect(client.query(text)).rejects.toThrow('permission denied');
  });
});

describe('sealing', () => {
  it('covers every row once, in seals that follow from one another, and an empty stretch makes none', async () => {
    expect(await seal()).toEqual({ kind: 'nothing' });
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push(await write());
    expect(await seal(2)).toMatchObject({ kind: 'sealed', seq: 1, rows: 2 });
    expect(await seal(2)).toMatchObject({ kind: 'sealed', seq: 2, rows: 2 });
    expect(await seal(2)).toMatchObject({ kind: 'sealed', seq: 3, rows: 1 });
    expect(await seal(2)).toEqual({ kind: 'nothing' });
    expect(await sealed()).toEqual(ids);
    expect(await verifyAudit(t.db)).toMatchObject({ seals: 3, rows: 5, waiting: 0, fault: null });
  });

  it('cuts a transaction with more rows than a seal holds, and leaves none of them out', async () => {
    const client = await t.connect('runtime');
    await client.query('BEGIN');
    for (let n = 0; n < 7; n += 1) await client.query(INSERT, [deps.ids.next(), '2026-01-01T00:00:00Z']);
    await client.query('COMMIT');
    for (const rows of [3, 3, 1]) expect(await seal(3)).toMatchObject({ kind: 'sealed', rows });
    expect(new Set(await sealed()).size).toBe(7);
    expect((await verifyAudit(t.db)).fault).toBeNull();
  });

  it('waits for a transaction that is still running, and then seals its row of an older time exactly once', async () => {
    const late = await slow();
    const later = await write();
    // The row above is committed and newer, but the one before it in the order may still come.
    expect(await sealAsItIs()).toEqual({ kind: 'nothing' });
    await late.client.query('COMMIT');
    expect(await seal()).toMatchObject({ kind: 'sealed', rows: 2 });
    expect(await sealed()).toEqual([late.id, later]);
  });

  it('seals a row that commits after later rows were sealed around other running transactions', async () => {
    const before = await write();
    const late = await slow();
    expect(await seal()).toMatchObject({ rows: 1 });
    const after = await write();
    expect(await sealAsItIs()).toEqual({ kind: 'nothing' });
    const second = await slow('2019-01-01T00:00:00Z');
    await late.client.query('COMMIT');
    expect(await seal()).toMatchObject({ rows: 2 });
    await second.client.query('COMMIT');
    expect(await seal()).toMatchObject({ rows: 1 });
    expect(await sealed()).toEqual([before, late.id, after, second.id]);
    expect((await verifyAudit(t.db)).fault).toBeNull();
  });

  it('goes on past a transaction that was rolled back', async () => {
    const gone = await slow();
    const id = await write();
    await gone.client.query('ROLLBACK');
    expect(await seal()).toMatchObject({ rows: 1 });
    expect(await sealed()).toEqual([id]);
  });

  it('by many schedulers at once makes one chain', async () => {
    for (let n = 0; n < 20; n += 1) await write();
    await settled();
    await Promise.all(Array.from({ length: 8 }, () => sealAsItIs(5)));
    while ((await seal(5)).kind === 'sealed');
    const seqs = await t.sql('SELECT seq::int AS seq FROM audit_seals ORDER BY seq');
    expect(seqs.map((r) => r['seq'])).toEqual([1, 2, 3, 4]);
    expect(new Set(await sealed()).size).toBe(20);
    expect((await verifyAudit(t.db)).fault).toBeNull();
  });

  it('by a scheduler that saw the same last seal as another one adds nothing', async () => {
    const id = await write();
    await settled();
    const first = await t.connect('owner');
    await first.query('BEGIN');
    await first.query(
      "INSERT INTO audit_seals SELECT 1, xact, id, 1, id || ' ' || sha256, 'x', now() FROM audit_log",
    );
    const second = sealAsItIs();
    await untilBlocked(t);
    await first.query('COMMIT');
    expect(await second).toEqual({ kind: 'nothing' });
    expect(await sealed()).toEqual([id]);
  });

  it('stands still, and says so, where the transactions count from below the last seal', async () => {
    await write();
    await seal();
    await t.sql('UPDATE audit_seals SET upto_xact = 4000000000000');
    await write();
    expect(await runJob()).toBe(0);
    expect(deps.lines.at(-1)).toMatchObject({ name: 'seal audit', outcome: 'behind' });
    // What the README tells the owner of a restored database to do.
    await t.sql(
      'WITH old AS (DELETE FROM audit_seals) UPDATE audit_log SET xact = pg_current_xact_id()::text::bigint',
    );
    expect(await seal()).toMatchObject({ seq: 1, rows: 2 });
  });

  it('as a job makes as many seals as there is need for, and logs each with its hash', async () => {
    for (let n = 0; n < 5; n += 1) await write();
    expect(await runJob(2)).toBe(3);
    expect(await runJob(2)).toBe(0);
    const [last] = await t.sql('SELECT sha256 FROM audit_seals WHERE seq = 3');
    expect(deps.lines.map((l) => [l.outcome, l.request_id])).toEqual([
      ['done', '1'],
      ['done', '2'],
      ['done', '3'],
    ]);
    expect(deps.lines[2]?.cause).toBe(`1 rows, sha256 ${last?.['sha256']}`);
  });
});

describe('npm run audit:verify', () => {
  it.each([
    ['changed', 'UPDATE audit_log SET detail = \'{"amount": 2}\' WHERE id = $1', 'was changed'],
    [
      'given another time',
      "UPDATE audit_log SET at = at - interval '1 microsecond' WHERE id = $1",
      'was changed',
    ],
    ['deleted', 'DELETE FROM audit_log WHERE id = $1', 'is missing'],
    ['moved behind the seals', 'UPDATE audit_log SET xact = xact + 1000000 WHERE id = $1', 'is missing'],
  ])('names the first row that the owner of the tables has %s', async (_what, text, detail) => {
    const ids = [];
    for (let n = 0; n < 6; n += 1) ids.push(await write());
    await runJob(2);
    expect((await verifyAudit(t.db)).fault).toBeNull();
    for (const at of [5, 3]) await t.sql(text, [ids[at]]);
    const report = await verifyAudit(t.db);
    expect(report).toMatchObject({ seals: 1, fault: { kind: 'row', seq: 2, id: ids[3], detail } });
    expect(auditReportText(report)).toContain(`seal 2: the row ${ids[3]} ${detail}`);
  });

  it('names a row that was slipped in among sealed ones', async () => {
    for (let n = 0; n < 4; n += 1) await write();
    await runJob();
    const id = deps.ids.next();
    await t.sql(INSERT.replace('(id,', '(xact, id,').replace('($1', '(1, $1'), [id, '2020-01-01T00:00:00Z']);
    expect((await verifyAudit(t.db)).fault).toEqual({ kind: 'row', seq: 1, id, detail: 'was slipped in' });
  });

  it('names a seal that was removed or rewritten', async () => {
    for (let n = 0; n < 4; n += 1) await write();
    await runJob(2);
    await t.sql("UPDATE audit_seals SET sealed_at = sealed_at + interval '1 second' WHERE seq = 2");
    expect((await verifyAudit(t.db)).fault).toMatchObject({ kind: 'seal', seq: 2 });
    await t.sql('DELETE FROM audit_seals WHERE seq = 1');
    const report = await verifyAudit(t.db);
    expect(auditReportText(report)).toMatch(/^seal 1 is missing; before it 0 rows/);
  });

  it('says how much was verified, what waits, and the hash to compare with the log', async () => {
    expect(auditReportText(await verifyAudit(t.db))).toContain('the last seal is none');
    await write();
    await runJob();
    await write();
    const report = await verifyAudit(t.db);
    expect(report).toMatchObject({ seals: 1, rows: 1, waiting: 1, fault: null });
    expect(deps.lines[0]?.cause).toContain(report.last);
    expect(auditReportText(report)).toContain('1 rows under 1 seals are as they were sealed, 1 wait');
  });
});
