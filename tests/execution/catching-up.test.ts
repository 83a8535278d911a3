// While an account's history is read page by page nobody knows what stands in it: what leaves the market goes, what enters it
// waits for the last page, whichever way the bridge is reached.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGE_LIMITS, type PageLimits } from '../../infra/local/broker/history-page.ts';
import { DeskAtSimulator } from '../support/desk-at-simulator.ts';
import { freshMarkets, storeSignal } from '../support/organisation.ts';
import { PolledDesk } from '../support/polled-desk.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const SMALL: PageLimits = { rows: 4, bytes: PAGE_LIMITS.bytes };
const STEP_MS = 100;
let t: TestDatabase;
beforeAll(async () => {
  t = await createTestDatabase();
});
afterAll(() => t?.drop());

/** So many positions opened and closed by hand, within seconds. */
function traded(at: DeskAtSimulator, times: number): void {
  const { login } = at.desk.account;
  const byHand = (body: object): void => {
    at.deps.clock.advance(STEP_MS);
    at.host.engine.setClock(at.deps.clock.nowMs());
    at.control('/manual-trade', { login, ...body });
  };
  for (let i = 0; i < times; i += 1) {
    byHand({ symbol: 'EURUSD', side: 'buy', volume: '0.1' });
    const { positions = [] } = at.book().accounts.find((a) => a.login === login) ?? {};
    byHand({ close: String(positions.at(-1)?.['ticket']) });
  }
}

const approveClose = async (at: DeskAtSimulator) =>
  at.approve((await storeSignal(at, at.desk.producer.id, { intent: 'close', side: 'sell' })).id);
const command = async (id: unknown) =>
  (await t.sql('SELECT state, reason, kind FROM commands WHERE id = $1', [id]))[0];
const historyUntil = async (at: DeskAtSimulator) =>
  (await t.sql('SELECT history_until FROM accounts WHERE id = $1', [at.desk.account.id]))[0]?.[
    'history_until'
  ];

describe('at a bridge that is called', () => {
  it('an entry waits for the last page and goes then; a close goes meanwhile', async () => {
    const at = await DeskAtSimulator.make(t, SMALL);
    await at.reconcile();
    await freshMarkets(at);
    expect((await at.approve()).command).toMatchObject({ state: 'done' });
    await at.reconcile();
    traded(at, 40);
    expect((await at.reconcile()).outcome).toBe('catching-up');
    expect((await approveClose(at)).command).toMatchObject({ kind: 'close', state: 'done' });
    const { command: entry } = await at.approve();
    expect(entry).toMatchObject({ kind: 'open', state: 'created' });
    expect(await historyUntil(at)).not.toBeNull();
    for (let run = 0, outcome = ''; run < 9 && outcome !== 'applied'; run += 1) {
      expect(await command(entry?.['id'])).toMatchObject({ state: 'created' });
      ({ outcome } = await at.reconcile());
    }
    expect(await historyUntil(at)).toBeNull();
    expect(await command(entry?.['id'])).toMatchObject({ state: 'done' });
  });

  it('an entry whose time is over before that was never sent', async () => {
    const at = await DeskAtSimulator.make(t, SMALL);
    await at.reconcile();
    await freshMarkets(at);
    traded(at, 40);
    expect((await at.reconcile()).outcome).toBe('catching-up');
    const { command: entry } = await at.approve();
    at.deps.clock.advance(60_000);
    await at.reconcile();
    expect(await command(entry?.['id'])).toMatchObject({ state: 'expired', reason: 'command-expired' });
    expect(at.book().journal.filter((j) => j.cmd_id === entry?.['id'])).toEqual([]);
  });
});

describe('at a bridge that polls', () => {
  it('an entry is handed out with the reply to the last page, a close with that to the first', async () => {
    const desk = await PolledDesk.make(t, SMALL);
    const { at } = desk;
    const outcome = () => desk.last.said.outcome;
    const untilWhole = async () => {
      for (let i = 0; i < 30 && (i === 0 || outcome() !== 'applied'); i += 1) await desk.sync();
      expect(outcome()).toBe('applied');
    };
    await desk.sync();
    await untilWhole();
    await at.approve();
    for (let i = 0; i < 3; i += 1) await desk.sync();
    await untilWhole();
    traded(at, 20);
    const { command: close } = await approveClose(at);
    // An entry of the same moment would be taken back by it.
    at.deps.clock.advance(1);
    const { command: entry } = await at.approve();
    expect([close, entry]).toMatchObject([
      { kind: 'close', state: 'created' },
      { kind: 'open', state: 'created' },
    ]);
    desk.exchanges.splice(0);
    await untilWhole();
    const handed = desk.exchanges.flatMap(({ said }) =>
      said.requests
        .filter((r: { kind: string }) => r.kind === 'execute')
        .map((r: { command: { cmd_id: string } }) => [r.command.cmd_id, said.outcome]),
    );
    expect(desk.exchanges.map((e) => e.said.outcome).slice(0, -1)).toContain('catching-up');
    expect(handed).toEqual([
      [close?.['id'], 'catching-up'],
      [entry?.['id'], 'applied'],
    ]);
    await desk.sync();
    expect([await command(close?.['id']), await command(entry?.['id'])]).toMatchObject([
      { state: 'done' },
      { state: 'done' },
    ]);
  });
});
