// What stands in a market that gaps or whose spread goes apart is closed for who asked for it, by the guard's own machine.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isoTime } from '../../functions/platform/clock.ts';
import { DeskAtBroker } from '../support/desk-at-broker.ts';
import { SPECIFICATION } from '../support/organisation.ts';
import { wirePosition } from '../support/scripted-bridge.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let t: TestDatabase;
let at: DeskAtBroker;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  at = await DeskAtBroker.make(t);
});
afterAll(() => t?.drop());

const nowMs = () => at.deps.clock.nowMs();
const closeOn = (...causes: string[]) =>
  t.sql(
    `INSERT INTO guards (account_id, settings, updated_at) VALUES ($1, $2, now())
     ON CONFLICT (account_id) DO UPDATE SET settings = excluded.settings`,
    [at.desk.account.id, JSON.stringify({ warning_ms: 60_000, market: { close_on: causes } })],
  );
/** The snapshot of five seconds later, with gold at this ask and a position in it. */
async function tick(ask: string, symbol = 'XAUUSD'): Promise<unknown> {
  at.deps.clock.advance(5_000);
  const held = wirePosition({ identifier: '7', magic: '0', atMs: nowMs(), profit: '5', symbol });
  const quotes = ['XAUUSD', 'US500'].map((name) => ({
    ...SPECIFICATION,
    symbol: name,
    time: isoTime(nowMs()),
    ask,
  }));
  at.answer({ positions: [held], symbols: quotes });
  expect((await at.run()).outcome).toBe('applied');
  return (await at.account())?.['guard_phase'];
}
const usual = async () => {
  for (let n = 0; n < 6; n += 1) {
    at.deps.clock.advance(60_000);
    await tick('2035.10');
  }
};

describe('a spread that goes apart', () => {
  it('warns who asked for it, and the warning is taken back when it has come together again', async () => {
    await closeOn('market-spread');
    await usual();
    const phases: unknown[] = [];
    for (let n = 0; n < 5; n += 1) phases.push(await tick('2040.00'));
    // Three samples are wide, and the guard itself wants two.
    expect(phases).toEqual(['armed', 'armed', 'armed', 'suspect', 'warned']);
    const [trip] = await t.sql('SELECT cause FROM guard_trips WHERE account_id = $1', [at.desk.account.id]);
    expect(trip).toEqual({ cause: 'market-spread' });
    for (let n = 0; n < 3; n += 1) phases.push(await tick('2035.10'));
    // What is judged is what was stored before: the first narrow quote is counted with the next sample.
    expect(phases.slice(5)).toEqual(['warned', 'warned', 'armed']);
  });

  it('closes nothing of who did not, nor for a symbol that is none of ours', async () => {
    await closeOn('market-gap');
    await usual();
    for (let n = 0; n < 5; n += 1) expect(await tick('2040.00')).toBe('armed');
    await closeOn('market-spread');
    for (let n = 0; n < 5; n += 1) expect(await tick('2040.00', 'US500')).toBe('armed');
  });
});
