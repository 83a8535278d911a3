import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentConsent, insertConsent } from '../../functions/approvals/consent-store.ts';
import { auditOf, makeUser, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
afterAll(() => t?.drop());

describe('consents', () => {
  it('are numbered from 1 without a gap; of many published at once each takes its own number or none', async () => {
    expect(await currentConsent(t.db)).toBeNull();
    const createdBy = await makeUser(stage, 'owner');
    const publish = (text: string) =>
      insertConsent(
        t.db,
        { text, sha256: `hash of ${text}`, createdBy, nowMs: stage.deps.clock.nowMs() },
        auditOf(stage.deps, text, 'consent'),
      );
    expect(await publish('first')).toBe(1);
    expect(await currentConsent(t.db)).toEqual({ version: 1, text: 'first', sha256: 'hash of first' });
    const texts = Array.from({ length: 30 }, (_, i) => `text ${i}`);
    const versions = await Promise.all(texts.map(publish));
    const taken = versions.filter((v) => v !== null).sort((a, b) => a - b);
    expect(taken).toEqual(taken.map((_, i) => i + 2));
    const stored = await t.sql('SELECT version, text FROM consents WHERE version > 1 ORDER BY version');
    expect(stored).toEqual(taken.map((version) => ({ version, text: texts[versions.indexOf(version)] })));
    const audit = await t.sql(`SELECT count(*)::int AS n FROM audit_log WHERE action = 'consent'`);
    expect(audit).toEqual([{ n: taken.length + 1 }]);
    expect((await currentConsent(t.db))?.version).toBe(taken.at(-1));
  });
});
