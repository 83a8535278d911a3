import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';
import { DivergenceDesk } from './divergence-desk.ts';

let t: TestDatabase;
let desk: DivergenceDesk;
beforeAll(async () => {
  t = await createTestDatabase();
});
beforeEach(async () => {
  desk = await DivergenceDesk.make(t);
});
afterAll(() => t?.drop());

const GOLD = { symbol: 'XAUUSD', side: 'buy', volume: '0.10' };
const lastDeal = () => String(desk.book().deals.at(-1)?.['ticket']);
const noted = { status: 'resolved', resolution: 'noted', policy: 'notice' };

/** A position by hand that the books know. */
async function known(change: object = {}): Promise<string> {
  desk.manual({ ...GOLD, ...change });
  await desk.look();
  return String(desk.book().positions.at(-1)?.['identifier']);
}

describe('what closes a position', () => {
  it('CLOSED_AT_BROKER: by its stop, with the broker’s reason, price and money', async () => {
    const id = await known({ sl: '2034.00' });
    desk.tick('2033.90', '2034.10');
    expect(await desk.events()).toEqual([`CLOSED_AT_BROKER ${id}/${lastDeal()}`]);
    const price = desk.book().deals.at(-1)?.['price'];
    expect(await desk.rows('CLOSED_AT_BROKER')).toMatchObject([
      { ...noted, evidence: { reason: 'sl', price, volume: '0.1' } },
    ]);
    expect(await desk.trades()).toMatchObject([{ status: 'closed', exit_reason: 'sl' }]);
  });

  it('PARTIAL_CLOSE: books the part, and leaves the rest open', async () => {
    const id = await known();
    desk.manual({ close: id, volume: '0.04' });
    expect(await desk.events()).toEqual([`PARTIAL_CLOSE ${id}/${lastDeal()}`]);
    expect(await desk.rows('PARTIAL_CLOSE')).toMatchObject([
      { ...noted, evidence: { reason: 'client', volume: '0.04', left: '0.06' } },
    ]);
    expect(await desk.trades()).toMatchObject([{ status: 'open', volume_open: '0.06000000' }]);
    const legs = await t.sql('SELECT volume FROM trade_legs WHERE account_id = $1', [
      desk.at.desk.account.id,
    ]);
    expect(legs).toEqual([{ volume: '0.04000000' }]);
  });

  it('CLOSE_BY: both trades are closed, and each names the other', async () => {
    const long = await known();
    const short = await known({ side: 'sell' });
    desk.manual({ close_by: [long, short] });
    const events = await desk.events();
    expect(events.filter((e) => e.startsWith('CLOSE_BY'))).toHaveLength(2);
    expect(await desk.rows('CLOSE_BY')).toMatchObject([noted, noted]);
    expect(await desk.trades()).toMatchObject([
      { position_id: long, status: 'closed', closed_by: short },
      { position_id: short, status: 'closed', closed_by: long },
    ]);
  });

  it('REVERSAL: on a netting account it ends one trade and begins the next', async () => {
    desk = await DivergenceDesk.make(t, 'netting');
    const id = await known();
    desk.manual({ ...GOLD, side: 'sell', volume: '0.25' });
    expect(await desk.events()).toContain(`REVERSAL ${id}/${lastDeal()}`);
    expect(await desk.rows('REVERSAL')).toMatchObject([
      { ...noted, evidence: { side: 'sell', opened: '0.15' } },
    ]);
    expect(await desk.trades()).toMatchObject([
      { episode: 0, side: 'buy', status: 'closed' },
      { episode: 1, side: 'sell', status: 'open', volume_open: '0.15000000' },
    ]);
  });

  it('STOP_OUT: closes the trade, and waits for a person who hears of it', async () => {
    const id = await known({ volume: '30' });
    desk.tick('2004.00', '2004.20');
    const events = await desk.events();
    expect(events).toContain(`STOP_OUT ${id}/${lastDeal()}`);
    expect(await desk.rows('STOP_OUT')).toMatchObject([
      { status: 'open', policy: 'person', evidence: { symbol: 'XAUUSD' } },
    ]);
    expect(await desk.trades()).toMatchObject([{ status: 'closed', exit_reason: 'so' }]);
    expect(await desk.alarms()).toEqual(['STOP_OUT']);
    await desk.look();
    expect(await desk.rows('STOP_OUT'), 'until one has dealt with it').toMatchObject([{ status: 'open' }]);
  });

  it('ID_REOPENED: a number that appears again after its end is the next trade', async () => {
    const id = await known();
    desk.manual({ close: id });
    await desk.look();
    desk.manual(GOLD);
    const { ticket } = desk.position();
    const deal = lastDeal();
    // The rest of a pending order fills under the number of the position that its first part opened.
    desk.tamper('position', String(ticket), { identifier: id });
    desk.tamper('deal', deal, { position_id: id });
    expect(await desk.events()).toContain(`ID_REOPENED ${id}/${deal}`);
    expect(await desk.rows('ID_REOPENED')).toMatchObject([noted]);
    expect(await desk.trades()).toMatchObject([
      { position_id: id, episode: 0, status: 'closed' },
      { position_id: id, episode: 1, status: 'open' },
    ]);
  });
});

describe('what opens a position', () => {
  it('FILL_DISCOVERED: a pending order of ours was filled while nobody looked', async () => {
    const command = await desk.entry({ order_type: 'limit', price: '2034.50', stop_loss: '2030' });
    await desk.look();
    desk.tick('2034.20', '2034.40');
    const events = await desk.events();
    const order = desk.position()['identifier'];
    expect(events).toContain(`FILL_DISCOVERED ${order}/${order}`);
    expect(await desk.rows('FILL_DISCOVERED')).toMatchObject([{ ...noted, evidence: { volume: '0.1' } }]);
    expect(await desk.trades()).toMatchObject([{ source: 'bot', command_id: command['id'], status: 'open' }]);
  });

  it('PARTIAL_FILL: the trade is what was filled', async () => {
    desk.at.control('/fault', { kind: 'partial_fill', login: desk.login });
    const command = await desk.entry();
    const deal = lastDeal();
    const filled = desk.position()['volume'];
    expect(filled).not.toBe('0.1');
    const events = await desk.events();
    const rows = await desk.rows('PARTIAL_FILL');
    expect(rows).toMatchObject([{ ...noted, evidence: { filled, asked: '0.1', working: '0' } }]);
    expect([...events, ...(rows.length > 0 ? [`PARTIAL_FILL ${rows[0]?.['broker_key']}`] : [])]).toContain(
      `PARTIAL_FILL ${desk.position()['identifier']}/${deal}`,
    );
    expect(await desk.trades()).toMatchObject([{ command_id: command['id'], status: 'open' }]);
    expect(Number((await desk.trades())[0]?.['volume'])).toBe(Number(filled));
  });

  it('ENTRY_SLIPPAGE: signed points, worse for us above zero, and no error', async () => {
    await desk.entry({ price: '2035.00', max_slippage_points: 50 });
    await desk.look();
    const [row] = await desk.rows('ENTRY_SLIPPAGE');
    expect(row).toMatchObject({ ...noted, evidence: { asked: '2035', filled: '2035.1', points: '10' } });
    expect(row?.['broker_key']).toBe(`${desk.position()['identifier']}/${lastDeal()}`);
    expect(await desk.alarms()).toEqual([]);
  });

  it('ENTRY_SLIPPAGE: beyond what was countersigned a person hears of it', async () => {
    // So that nobody has seen it before it is what a slower server would have made of it.
    desk.fault('disconnected', 3);
    await desk.entry({ price: '2035.00', max_slippage_points: 50 });
    const { identifier } = desk.position();
    const deal = lastDeal();
    desk.tamper('deal', deal, { price: '2036.10' });
    desk.tamper('position', String(identifier), { price_open: '2036.10' });
    desk.fault('disconnected', 0);
    expect(await desk.events()).toContain(`ENTRY_SLIPPAGE ${identifier}/${deal}`);
    expect(await desk.rows('ENTRY_SLIPPAGE')).toMatchObject([
      { status: 'open', policy: 'person', evidence: { points: '110' } },
    ]);
    expect(await desk.alarms()).toEqual(['ENTRY_SLIPPAGE']);
  });
});

describe('money', () => {
  const charge = (more: object) =>
    desk.at.control('/charge', { login: desk.login, ...more }) as Record<string, string>;

  it('COST_ADJUSTMENT: a charge of the account is its cost and nobody’s trade', async () => {
    charge({ amount: '-12.50', type: 'commission_monthly' });
    expect(await desk.events()).toEqual([`COST_ADJUSTMENT 0/${lastDeal()}`]);
    expect(await desk.rows('COST_ADJUSTMENT')).toMatchObject([
      { ...noted, evidence: { type: 'commission_monthly', amount: '-12.5' } },
    ]);
    expect(await desk.trades()).toEqual([]);
    expect(await desk.rows('EQUITY_GAP')).toEqual([]);
  });

  it('COST_ADJUSTMENT: the swap of an open position', async () => {
    const id = await known();
    desk.tamper('position', id, { swap: '-1.23' });
    expect(await desk.events()).toEqual([`COST_ADJUSTMENT ${id}/swap=-1.23`]);
    expect(await desk.rows('COST_ADJUSTMENT')).toMatchObject([
      { ...noted, evidence: { from: '0', to: '-1.23' } },
    ]);
  });

  it('CASHFLOW: a deposit is a flow and no result', async () => {
    desk.at.control('/deposit', { login: desk.login, amount: '500' });
    expect(await desk.events()).toEqual([`CASHFLOW ${lastDeal()}`]);
    expect(await desk.rows('CASHFLOW')).toMatchObject([
      { ...noted, evidence: { type: 'balance', amount: '500' } },
    ]);
    expect(await desk.trades()).toEqual([]);
  });

  it('DEAL_CANCELED: both versions stay, and the trade says what is left', async () => {
    const id = await known();
    const opening = lastDeal();
    desk.at.control('/cancel-deal', { login: desk.login, deal: opening });
    expect(await desk.events()).toContain(`DEAL_CANCELED ${id}/${opening}`);
    expect(await desk.rows('DEAL_CANCELED')).toMatchObject([
      { ...noted, evidence: { type: 'buy_canceled' } },
    ]);
    const versions = await t.sql(
      'SELECT revision, type FROM broker_deals WHERE ticket = $1 AND account_id = $2 ORDER BY 1',
      [...[opening, desk.at.desk.account.id]],
    );
    expect(versions).toEqual([
      { revision: 0, type: 'buy' },
      { revision: 1, type: 'buy_canceled' },
    ]);
    expect(await desk.trades(), 'nothing opened it any more').toEqual([]);
  });

  it('EQUITY_GAP: asks for the whole history once, and figures are unverified until it adds up', async () => {
    desk.tamper('account', desk.login, { balance: '100100' });
    expect(await desk.events()).toEqual(['EQUITY_GAP balance']);
    expect(await desk.rows('EQUITY_GAP')).toMatchObject([
      {
        status: 'open',
        policy: 'automatic',
        evidence: { at_broker: '100100', in_ledger: '100000', gap: '100' },
      },
    ]);
    const account = await desk.account();
    expect(account['unverified_at']).not.toBeNull();
    expect(account['deals_cursor']).toBeNull();
    expect(await desk.events()).toEqual([]);
    expect((await desk.account())['unverified_at'], 'since then').toEqual(account['unverified_at']);
    desk.tamper('account', desk.login, { balance: '100000' });
    await desk.look();
    expect(await desk.rows('EQUITY_GAP')).toMatchObject([{ status: 'resolved', resolution: 'settled' }]);
    expect((await desk.account())['unverified_at']).toBeNull();
  });

  it('EQUITY_GAP: a cent of rounding is none', async () => {
    desk.tamper('account', desk.login, { balance: '100000.01' });
    await desk.look();
    expect(await desk.rows('EQUITY_GAP')).toEqual([]);
  });
});
