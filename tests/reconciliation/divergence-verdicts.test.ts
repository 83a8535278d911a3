// What a person may do about a divergence: adopt, ignore, close; and reading them.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Asking, askingAs } from '../support/bearer.ts';
import { makeUser, storeSignal } from '../support/organisation.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { DivergenceDesk } from './divergences/divergence-desk.ts';

const PATH = '/api/v1/reconciliation/divergences';
let t: TestDatabase;
let desk: DivergenceDesk;
let ask: Asking;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  desk = await DivergenceDesk.make(t);
  ask = await askingAs(desk.at, desk.at.desk.userId, ['trading:read', 'trading:act']);
});
afterAll(() => t?.drop());

/** A position by hand that the books know, and its divergence. */
async function external(): Promise<{ id: string; position: string }> {
  desk.manual({ symbol: 'XAUUSD', side: 'buy', volume: '0.10' });
  await desk.look();
  const [row] = await desk.rows('EXTERNAL_POSITION');
  return { id: String(row?.['id']), position: String(row?.['broker_key']) };
}
const post = (id: string, verb: string, body: object, by = ask) => by('POST', `${PATH}/${id}/${verb}`, body);
const audits = (id: string) =>
  t.sql('SELECT action, actor_id FROM audit_log WHERE subject_id = $1 ORDER BY at, id', [id]);

describe('adopting', () => {
  it('makes the trade the bot’s and its signal’s at once, for ever, once, and with an audit row', async () => {
    const { id, position } = await external();
    const signal = (await storeSignal(desk.at, desk.at.desk.producer.id)).id;
    const answer = await post(id, 'adopt', { signal_id: signal, reason: 'placed it by hand' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      ...{ id, status: 'resolved', resolution: 'adopted', signal_id: signal },
      ...{ resolved_by: desk.at.desk.userId, reason: 'placed it by hand' },
    });
    expect(await desk.trades()).toMatchObject([{ source: 'bot', signal_id: signal }]);
    expect(await desk.events(), 'it stands, and was judged').toEqual([]);
    expect(await desk.trades()).toMatchObject([{ source: 'bot', signal_id: signal }]);
    expect((await post(id, 'adopt', { signal_id: signal, reason: 'again' })).status).toBe(200);
    expect((await post(id, 'adopt', { reason: 'without one' })).status).toBe(409);
    expect((await post(id, 'ignore', { reason: 'after all' })).status).toBe(409);
    desk.manual({ close: position });
    await desk.look();
    await desk.look();
    expect(await desk.trades()).toMatchObject([{ source: 'bot', signal_id: signal, status: 'closed' }]);
    expect(await desk.rows('EXTERNAL_POSITION')).toMatchObject([{ resolution: 'adopted' }]);
    expect(await audits(id)).toEqual([{ action: 'divergence.adopt', actor_id: desk.at.desk.userId }]);
  });

  it('gives the strategy of the signal to what was realised of it before', async () => {
    const { id, position } = await external();
    desk.manual({ close: position, volume: '0.01' });
    await desk.look();
    const { id: signal } = await storeSignal(desk.at, desk.at.desk.producer.id, { strategy: 'fib' });
    expect((await post(id, 'adopt', { signal_id: signal, reason: 'mine' })).status).toBe(200);
    const legs = () =>
      t.sql('SELECT source, strategy FROM trade_legs WHERE account_id = $1', [desk.at.desk.account.id]);
    expect(await legs()).toEqual([{ source: 'bot', strategy: 'fib' }]);
    desk.manual({ close: position });
    await desk.look();
    expect(await legs()).toEqual([1, 2].map(() => ({ source: 'bot', strategy: 'fib' })));
  });

  it('needs a signal of the account’s user, where it names one, and a position that could be adopted', async () => {
    const { id } = await external();
    const nobodys = '0199c7a0-0000-7000-8000-0000000000ff';
    expect((await post(id, 'adopt', { signal_id: nobodys, reason: 'x' })).status).toBe(422);
    desk.tamper('account', desk.login, { balance: '90000' });
    await desk.look();
    const [gap] = await desk.rows('EQUITY_GAP');
    expect((await post(String(gap?.['id']), 'adopt', { reason: 'x' })).status).toBe(409);
    expect((await post(id, 'adopt', { reason: 'ours' })).status).toBe(200);
    expect(await desk.trades()).toMatchObject([{ source: 'bot', signal_id: null }]);
  });
});

describe('ignoring', () => {
  it('holds as long as it stands, and no longer', async () => {
    const { id, position } = await external();
    desk.tamper('position', position, { volume: '0.3' });
    await desk.look();
    const [gap] = await desk.rows('VOLUME_GAP');
    const gapId = String(gap?.['id']);
    expect((await post(gapId, 'ignore', { reason: 'a split' })).status).toBe(200);
    expect((await post(gapId, 'ignore', { reason: 'a split' })).status).toBe(200);
    expect((await post(gapId, 'close', { reason: 'no' })).status).toBe(409);
    for (let i = 0; i < 3; i += 1) await desk.look();
    expect(await desk.rows('VOLUME_GAP')).toMatchObject([{ status: 'resolved', resolution: 'ignored' }]);
    desk.tamper('position', position, { volume: '0.1' });
    await desk.look();
    await desk.look();
    desk.tamper('position', position, { volume: '0.3' });
    expect(await desk.events()).toContain(`VOLUME_GAP ${position}`);
    expect(await desk.rows('VOLUME_GAP')).toMatchObject([{ id: gapId, status: 'open', resolution: null }]);
    expect(await audits(gapId)).toHaveLength(1);
    expect(await desk.rows('EXTERNAL_POSITION'), 'another is another').toMatchObject([
      { id, status: 'open' },
    ]);
  });
});

describe('closing', () => {
  it('takes the position out by one order, though the account is halted', async () => {
    const { id, position } = await external();
    await t.sql('UPDATE accounts SET halted = true WHERE id = $1', [desk.at.desk.account.id]);
    expect((await post(id, 'close', { reason: 'not mine' })).status).toBe(200);
    expect((await post(id, 'close', { reason: 'not mine' })).status).toBe(200);
    await desk.at.deps.drain();
    expect(desk.book().positions).toEqual([]);
    expect(await desk.commands('close')).toMatchObject([{ state: 'done', position_id: position }]);
    expect(await desk.events(), 'it was us').toEqual([]);
    expect(await desk.trades()).toMatchObject([{ status: 'closed', source: 'manual' }]);
    expect(await audits(id)).toEqual([{ action: 'divergence.close', actor_id: desk.at.desk.userId }]);
  });

  it('of what is gone already is a 409, and of what could not be closed the divergence opens anew', async () => {
    const { id, position } = await external();
    desk.at.control('/fault', { kind: 'reject:10014', login: desk.login, times: 50 });
    expect((await post(id, 'close', { reason: 'not mine' })).status).toBe(200);
    for (let i = 0; i < 9; i += 1) await desk.look();
    expect(await desk.rows('EXTERNAL_POSITION')).toMatchObject([
      { status: 'resolved', resolution: 'closed' },
    ]);
    await desk.look();
    await desk.look();
    await desk.look();
    expect(await desk.rows('EXTERNAL_POSITION')).toMatchObject([{ status: 'open', resolution: null }]);
    desk.manual({ close: position });
    await t.sql('DELETE FROM positions WHERE account_id = $1', [desk.at.desk.account.id]);
    expect((await post(id, 'close', { reason: 'again' })).status).toBe(409);
  });
});

describe('who may', () => {
  it('the account’s user, an owner and an admin; nobody else, and nobody without the scope', async () => {
    const { id } = await external();
    const scopes = ['trading:read', 'trading:act'] as const;
    const stranger = await askingAs(desk.at, await makeUser(desk.at), scopes);
    const reader = await askingAs(desk.at, desk.at.desk.userId, ['trading:read']);
    for (const verb of ['adopt', 'ignore', 'close']) {
      expect((await post(id, verb, { reason: 'x' }, stranger)).status).toBe(403);
      expect((await post(id, verb, { reason: 'x' }, reader)).status).toBe(403);
      expect((await post(desk.at.desk.account.id, verb, { reason: 'x' })).status).toBe(404);
      expect((await post(id, verb, {})).status).toBe(422);
      expect((await post(id, verb, { reason: 'x', more: 1 })).status).toBe(422);
    }
    expect((await stranger('GET', `${PATH}/${id}`)).status).toBe(403);
    expect((await ask('GET', `${PATH}/nothing`)).status).toBe(404);
    const admin = await makeUser(desk.at, 'admin');
    const asAdmin = await askingAs(desk.at, admin, scopes);
    expect((await post(id, 'ignore', { reason: 'looked at it' }, asAdmin)).status).toBe(200);
    expect(await (await ask('GET', `${PATH}/${id}`)).json()).toMatchObject({
      ...{ id, resolution: 'ignored', resolved_by: admin, policy: 'person' },
    });
  });
});

describe('the list', () => {
  it('filters by account, code, status, policy and time', async () => {
    const { id } = await external();
    desk.at.control('/deposit', { login: desk.login, amount: '500' });
    await desk.look();
    const codes = async (query: string): Promise<string[]> => {
      const own = query.includes('account=') ? query : `${query}&account=${desk.at.desk.account.id}`;
      const answer = await ask('GET', `${PATH}?${own}`);
      expect(answer.status, query).toBe(200);
      return ((await answer.json()) as { items: { code: string }[] }).items.map((d) => d.code);
    };
    expect(await codes('page=1')).toEqual(['CASHFLOW', 'EXTERNAL_POSITION']);
    expect(await codes('status=open')).toEqual(['EXTERNAL_POSITION']);
    expect(await codes('policy=notice')).toEqual(['CASHFLOW']);
    expect(await codes('code=EXTERNAL_POSITION')).toEqual(['EXTERNAL_POSITION']);
    expect(await codes(`account=${desk.at.desk.account.id}`)).toHaveLength(2);
    expect(await codes(`account=${id}`)).toEqual([]);
    const at = encodeURIComponent(new Date(desk.at.deps.clock.nowMs()).toISOString());
    expect(await codes(`from=${at}`)).toEqual(['CASHFLOW']);
    expect(await codes(`to=${at}`)).toEqual(['EXTERNAL_POSITION']);
    for (const query of ['status=maybe', 'policy=none', 'from=today', 'code=x', 'account=1', 'of=1'])
      expect((await ask('GET', `${PATH}?${query}`)).status, query).toBe(422);
  });
});
