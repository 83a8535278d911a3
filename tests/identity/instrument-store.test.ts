import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAudit } from '../../functions/identity/audit-store.ts';
import { listInstruments, putInstrument } from '../../functions/identity/instrument-store.ts';
import { auditOf, type Stage } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
let stage: Stage;
beforeAll(async () => {
  t = await createTestDatabase();
  stage = { t, deps: testDeps(t) };
});
afterAll(() => t?.drop());
const nowMs = () => stage.deps.clock.nowMs();
const page = { page: 1, page_size: 100 };

describe('instruments', () => {
  it('are added once and changed afterwards, each change with its audit row', async () => {
    const put = (digits: number, enabled: boolean) =>
      putInstrument(
        t.db,
        { symbol: 'GER40.x'.toUpperCase(), digits, enabled },
        nowMs(),
        auditOf(stage.deps, 'GER40.X', 'put'),
      );
    await put(1, true);
    await Promise.all([put(2, false), put(2, false)]);
    expect((await listInstruments(t.db)).filter((i) => i.symbol === 'GER40.X')).toEqual([
      { symbol: 'GER40.X', digits: 2, enabled: false },
    ]);
    const { items } = await listAudit(t.db, { action: 'put', subject: 'GER40.X' }, page);
    expect(items.length).toBe(3);
    expect(items[0]).toMatchObject({
      atMs: nowMs(),
      actorKind: 'system',
      actorId: null,
      detail: {},
      requestId: 'test',
    });
    expect((await listAudit(t.db, { action: 'never' }, page)).items).toEqual([]);
  });
});
