import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { magicNumber } from '../../../functions/execution/magic-number.ts';
import { storeSignal } from '../../support/organisation.ts';
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
/** Of our namespace, and of a command that these books have lost. */
async function lostMagic(): Promise<string> {
  const [row] = await t.sql(
    `SELECT magic_namespace AS namespace, nextval('command_number') AS number FROM deployment`,
  );
  return String(magicNumber(Number(row?.['namespace']), BigInt(String(row?.['number'])), 0));
}

/** A market buy that any program could ask the trade server for. */
const bought = (magic: string, comment = '') =>
  desk.send({
    ...{ action: 'deal', magic, comment, reason: 'expert', symbol: 'XAUUSD', side: 'buy', volume: '0.10' },
    ...{ price: null, deviation_points: null, sl: null, tp: null, position: null },
  } as never);

describe('a position that no command of ours opened', () => {
  it('EXTERNAL_POSITION: waits for a person, is a manual trade, and is over with the position', async () => {
    desk.manual(GOLD);
    const { identifier } = desk.position();
    expect(await desk.events()).toEqual([`EXTERNAL_POSITION ${identifier}`]);
    expect(await desk.rows('EXTERNAL_POSITION')).toMatchObject([
      {
        status: 'open',
        policy: 'person',
        evidence: { magic: '0', symbol: 'XAUUSD', side: 'buy', volume: '0.1' },
      },
    ]);
    expect(await desk.trades()).toMatchObject([{ source: 'manual', status: 'open' }]);
    expect(await desk.events(), 'it stands, and is no news').toEqual([]);
    desk.manual({ close: identifier });
    await desk.look();
    await desk.look();
    expect(await desk.rows('EXTERNAL_POSITION')).toMatchObject([
      { status: 'resolved', resolution: 'settled' },
    ]);
    expect(await desk.alarms()).toEqual([]);
  });

  it('EXTERNAL_POSITION: opened and closed between two looks is noted, and waits for nobody', async () => {
    desk.manual(GOLD);
    const { identifier } = desk.position();
    desk.manual({ close: identifier });
    for (let looked = 0; looked < 2; looked += 1) {
      await desk.look();
      expect(await desk.rows('EXTERNAL_POSITION')).toMatchObject([
        { status: 'resolved', resolution: 'noted', evidence: { symbol: 'XAUUSD' } },
      ]);
    }
  });

  it('EXTERNAL_POSITION: seen open, then turned and closed between two looks, is over with the second', async () => {
    desk = await DivergenceDesk.make(t, 'netting');
    desk.manual(GOLD);
    await desk.look();
    expect(await desk.rows('EXTERNAL_POSITION')).toMatchObject([{ status: 'open' }]);
    desk.manual({ ...GOLD, side: 'sell', volume: '0.30' });
    desk.manual({ ...GOLD, volume: '0.20' });
    for (let looked = 0; looked < 2; looked += 1) {
      await desk.look();
      expect(await desk.rows('EXTERNAL_POSITION')).toMatchObject([
        { status: 'resolved', resolution: 'noted', evidence: { side: 'sell' } },
      ]);
    }
  });

  it('ORPHAN_OWN: under our namespace nobody knows it, so entries of its symbol wait for a person', async () => {
    const magic = await lostMagic();
    bought(magic);
    const { identifier } = desk.position();
    expect(await desk.events()).toEqual([`ORPHAN_OWN ${identifier}`]);
    expect(await desk.rows('ORPHAN_OWN')).toMatchObject([
      { status: 'open', policy: 'person', evidence: { magic, symbol: 'XAUUSD' } },
    ]);
    expect(await desk.alarms()).toEqual(['ORPHAN_OWN']);
    const { id } = await storeSignal(desk.at, desk.at.desk.producer.id);
    await desk.at.approve(id);
    expect(await t.sql('SELECT refusal FROM deliveries WHERE signal_id = $1', [id])).toEqual([
      { refusal: 'symbol-quarantined' },
    ]);
  });

  it('ORPHAN_OWN: whose comment tells our entry is that signal’s from then on', async () => {
    const command = await desk.entry();
    await desk.look();
    bought(await lostMagic(), String(command['comment']));
    const events = await desk.events();
    const [row] = await desk.rows('ORPHAN_OWN');
    expect(events).toEqual([`ORPHAN_OWN ${row?.['broker_key']}`]);
    expect(row).toMatchObject({ status: 'resolved', resolution: 'adopted', signal_id: command['signal_id'] });
    await desk.look();
    const adopted = (await desk.trades()).find((x) => x['position_id'] === row?.['broker_key']);
    expect(adopted).toMatchObject({ source: 'bot', signal_id: command['signal_id'] });
    expect(await desk.alarms()).toEqual([]);
  });

  it('DUPLICATE_EXECUTION: of two positions of one command the earliest is kept, and a person hears of the other', async () => {
    const command = await desk.entry();
    await desk.look();
    const first = desk.position()['identifier'];
    bought(String(command['magic']));
    const events = await desk.events();
    const second = desk.book().positions[1]?.['identifier'];
    expect(events).toContain(`DUPLICATE_EXECUTION ${second}`);
    expect(await desk.rows('DUPLICATE_EXECUTION')).toMatchObject([
      { status: 'open', evidence: { kept: first, position: second, command: command['id'] } },
    ]);
    expect(await desk.alarms()).toContain('DUPLICATE_EXECUTION');
    expect(desk.book().positions, 'nobody closes it unasked').toHaveLength(2);
  });
});

describe('a position whose volume or side is in doubt', () => {
  /** A position by hand that the books know. */
  async function known(): Promise<string> {
    desk.manual(GOLD);
    await desk.look();
    return String(desk.position()['identifier']);
  }

  it('MISSING_NO_DEALS: is never closed for its absence, is asked for from its opening, and becomes an incident', async () => {
    const id = await known();
    desk.tamper('position', id, null);
    expect(await desk.events()).toEqual([`MISSING_NO_DEALS ${id}`]);
    expect(await desk.rows('MISSING_NO_DEALS')).toMatchObject([{ status: 'open', policy: 'automatic' }]);
    const [trade] = await desk.trades();
    expect(trade).toMatchObject({ status: 'closing_unconfirmed', closed_at: null });
    expect((await desk.account())['deals_cursor'], 'the history of its life').toEqual(trade?.['opened_at']);
    for (let i = 0; i < 9; i += 1) await desk.look();
    expect(await desk.alarms()).toEqual([]);
    await desk.look();
    await desk.look();
    expect(await desk.alarms()).toEqual(['MISSING_NO_DEALS']);
  });

  it('VOLUME_GAP: asks for the whole history once, moves nothing of it, and is over once volumes agree', async () => {
    const id = await known();
    desk.tamper('position', id, { volume: '0.25' });
    expect(await desk.events()).toContain(`VOLUME_GAP ${id}`);
    expect(await desk.rows('VOLUME_GAP')).toMatchObject([
      { status: 'open', policy: 'automatic', evidence: { at_broker: '0.25', in_ledger: '0.1' } },
    ]);
    expect((await desk.account())['deals_cursor']).toBeNull();
    expect(await desk.events(), 'once').toEqual([]);
    expect((await desk.account())['deals_cursor']).not.toBeNull();
    desk.tamper('position', id, { volume: '0.10' });
    await desk.look();
    expect(await desk.rows('VOLUME_GAP')).toMatchObject([{ status: 'resolved', resolution: 'settled' }]);
    desk.tamper('position', id, { volume: '0.3' });
    expect(await desk.events(), 'and opens anew where it comes again').toContain(`VOLUME_GAP ${id}`);
    expect(await desk.rows('VOLUME_GAP')).toMatchObject([{ status: 'open', resolution: null }]);
  });

  it('DIRECTION_MISMATCH: the same position on the other side stops entries of its symbol, and a person hears of it', async () => {
    const id = await known();
    desk.tamper('position', id, { type: 'sell' });
    expect(await desk.events()).toContain(`DIRECTION_MISMATCH ${id}`);
    expect(await desk.rows('DIRECTION_MISMATCH')).toMatchObject([
      { status: 'open', policy: 'person', evidence: { at_broker: 'sell', in_ledger: 'buy' } },
    ]);
    expect(await desk.alarms()).toEqual(['DIRECTION_MISMATCH']);
    const { id: signalId } = await storeSignal(desk.at, desk.at.desk.producer.id);
    await desk.at.approve(signalId);
    expect(await t.sql('SELECT refusal FROM deliveries WHERE signal_id = $1', [signalId])).toEqual([
      { refusal: 'symbol-quarantined' },
    ]);
  });

  it('TICKET_CHANGED: the position is followed by its identifier, and closed by its new ticket', async () => {
    const id = await known();
    desk.at.control('/ticket', { login: desk.login, position: id });
    const events = await desk.events();
    const { ticket } = desk.position();
    expect(ticket).not.toBe(id);
    expect(events).toEqual([`TICKET_CHANGED ${id}/${ticket}`]);
    expect(await desk.rows('TICKET_CHANGED')).toMatchObject([
      { status: 'resolved', resolution: 'noted', policy: 'notice', evidence: { from: id, to: ticket } },
    ]);
    expect(
      await t.sql('SELECT ticket FROM positions WHERE account_id = $1', [desk.at.desk.account.id]),
    ).toEqual([{ ticket }]);
  });
});

describe('the stops of a position', () => {
  it('SLTP_CHANGED: moved by somebody else, the broker’s value is the truth; taken away, a person hears of it', async () => {
    await desk.entry({ stop_loss: '2030', take_profit: '2050' });
    await desk.look();
    const id = desk.position()['identifier'];
    desk.manual({ modify: id, sl: '2031' });
    expect(await desk.events()).toEqual([`SLTP_CHANGED ${id}/sl=2031,tp=2050`]);
    expect(await desk.rows('SLTP_CHANGED')).toMatchObject([
      { status: 'resolved', resolution: 'noted', evidence: { sl_from: '2030', sl_to: '2031' } },
    ]);
    expect((await desk.trades())[0]).toMatchObject({ stop_loss: '2031.00000000' });
    expect(await desk.alarms()).toEqual([]);
    desk.manual({ modify: id, sl: null });
    expect(await desk.events()).toEqual([`SLTP_CHANGED ${id}/sl=none,tp=2050`]);
    expect((await desk.rows('SLTP_CHANGED')).at(-1)).toMatchObject({ status: 'open', policy: 'person' });
    expect(await desk.alarms()).toEqual(['SLTP_CHANGED']);
    expect(await desk.commands('modify_sltp'), 'whoever took it away meant it').toEqual([]);
  });

  it('SLTP_MISSING_AFTER_FILL: a fill without the stop that was commanded gets it, once', async () => {
    await desk.entry({ stop_loss: '2030', take_profit: '2050' });
    const id = String(desk.position()['identifier']);
    // Before anybody has looked: the broker filled it and dropped its levels.
    desk.tamper('position', id, { sl: null, tp: null });
    await t.sql('DELETE FROM positions WHERE account_id = $1', [desk.at.desk.account.id]);
    expect(await desk.events()).toContain(`SLTP_MISSING_AFTER_FILL ${id}`);
    const [command, ...more] = await desk.commands('modify_sltp');
    expect(more).toEqual([]);
    expect(command).toMatchObject({ state: 'done', position_id: id });
    expect(desk.position()).toMatchObject({ sl: '2030', tp: '2050' });
    await desk.look();
    expect(await desk.rows('SLTP_MISSING_AFTER_FILL')).toMatchObject([
      { status: 'resolved', resolution: 'settled', evidence: { sl: '2030', tp: '2050' } },
    ]);
    expect(await desk.rows('SLTP_CHANGED'), 'it was us').toEqual([]);
    expect(await desk.alarms()).toEqual([]);
  });

  it('SLTP_MISSING_AFTER_FILL: of a position whose volume is in doubt nothing is moved, and it becomes an incident', async () => {
    await desk.entry({ stop_loss: '2030', take_profit: '2050' });
    const id = String(desk.position()['identifier']);
    desk.tamper('position', id, { sl: null, tp: null, volume: '0.7' });
    await t.sql('DELETE FROM positions WHERE account_id = $1', [desk.at.desk.account.id]);
    for (let i = 0; i < 12; i += 1) await desk.look();
    expect(await desk.commands('modify_sltp')).toEqual([]);
    expect(desk.position()).toMatchObject({ sl: null });
    expect(await desk.alarms()).toEqual(['SLTP_MISSING_AFTER_FILL', 'VOLUME_GAP']);
  });
});
