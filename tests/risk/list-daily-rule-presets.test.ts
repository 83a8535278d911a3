import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dailyRule } from '../../functions/risk/daily-loss.ts';
import { FIRM_PRESETS } from '../../functions/risk/firm-presets.ts';
import { askingAs } from '../support/bearer.ts';
import { makeUser } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { testDeps } from '../support/test-deps.ts';

let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

describe('GET /api/v1/daily-rule-presets', () => {
  it('has rules that a guard takes as they stand, and says where each was published', async () => {
    const stage = { t, deps: testDeps(t) };
    const ask = await askingAs(stage, await makeUser(stage), ['trading:read']);
    const answer = await ask('GET', '/api/v1/daily-rule-presets');
    expect(answer.status).toBe(200);
    const { items } = (await answer.json()) as { items: { id: string; published: string; rule: unknown }[] };
    expect(items.map((i) => i.id)).toEqual(FIRM_PRESETS.map((p) => p.id));
    for (const { published, rule } of items) {
      expect(published).toMatch(/: \S/);
      expect(dailyRule.parse(rule)).toEqual(rule);
    }
  });
});
