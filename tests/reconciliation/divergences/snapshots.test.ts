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
  desk.manual({ symbol: 'XAUUSD', side: 'buy', volume: '0.10' });
  await desk.look();
});
afterAll(() => t?.drop());

/** Everything that the books say of money and of what stands. */
const figures = async () => [
  await desk.trades(),
  await t.sql('SELECT ticket, profit FROM broker_deals WHERE account_id = $1', [desk.at.desk.account.id]),
  await t.sql('SELECT * FROM positions WHERE account_id = $1', [desk.at.desk.account.id]),
  (await desk.account())['state'],
];

/** Shown so, nothing changes but that it is told; the next sound snapshot settles it. */
async function refusedAs(code: string, spoil: () => void): Promise<void> {
  const before = await figures();
  spoil();
  expect(await desk.events()).toEqual([`${code} snapshot`]);
  expect(await figures()).toEqual(before);
  expect(await desk.rows(code)).toMatchObject([{ status: 'open' }]);
  await desk.look();
  expect(await desk.rows(code)).toMatchObject([{ status: 'resolved', resolution: 'settled' }]);
}

/** What the bridge says is altered on its way into its own mouth. */
function altered(change: (body: Record<string, unknown>) => void): void {
  const { host } = desk.at;
  const plain = host.bridgeContext.bind(host);
  host.bridgeContext = () => {
    host.bridgeContext = plain;
    const context = plain();
    return { ...context, ...altering(context, change) };
  };
}
type Context = ReturnType<DivergenceDesk['at']['host']['bridgeContext']>;
const altering = (context: Context, change: (body: Record<string, unknown>) => void): Partial<Context> => {
  const told = { seq: context.nextSeq(desk.login), boot_id: context.bootId };
  const body: Record<string, unknown> = { ...told };
  change(body);
  return { nextSeq: () => Number(body['seq']), bootId: String(body['boot_id']) };
};

describe('a snapshot that changes nothing', () => {
  it('SNAPSHOT_STALE: captured too long ago', async () => {
    const { clock } = desk.at.deps;
    await refusedAs('SNAPSHOT_STALE', () => {
      const { host } = desk.at;
      const plain = host.bridgeContext.bind(host);
      host.bridgeContext = () => {
        host.bridgeContext = plain;
        return { ...plain(), realNowMs: () => clock.nowMs() - 31_000 };
      };
    });
  });

  it('SNAPSHOT_STALE: of a terminal that is cut off, which is told after five minutes', async () => {
    desk.fault('disconnected', 8);
    for (let i = 0; i < 5; i += 1) await desk.look();
    expect(await desk.alarms()).toEqual([]);
    await desk.look();
    expect(await desk.alarms()).toEqual(['SNAPSHOT_STALE']);
    expect(await desk.rows('SNAPSHOT_STALE')).toHaveLength(1);
  });

  it('SNAPSHOT_INCOMPLETE: a section that the terminal could not read is no empty one', async () => {
    await refusedAs('SNAPSHOT_INCOMPLETE', () => desk.fault('failed:positions'));
  });

  it('SNAPSHOT_TORN: read while it changed, so that its money does not add up', async () => {
    desk.tick('2000.00', '2000.20');
    await desk.look();
    await refusedAs('SNAPSHOT_TORN', () => desk.fault('torn'));
  });

  it('SNAPSHOT_OUT_OF_ORDER: counted lower than the one before it', async () => {
    await refusedAs('SNAPSHOT_OUT_OF_ORDER', () => altered((body) => Object.assign(body, { seq: 1 })));
  });

  it('CLOCK_OFFSET: a deal from further ahead than any server’s clock', async () => {
    const deal = String(desk.book().deals.at(-1)?.['ticket']);
    const row = desk.at.host.engine.state.tables.deal.get(deal);
    if (row === undefined) throw new Error('no deal');
    await refusedAs('CLOCK_OFFSET', () => {
      desk.tamper('deal', deal, { time: row.time + 3 * 86_400_000 });
      desk.at.deps.after(async () => {});
      const look = desk.at.host.bridgeContext.bind(desk.at.host);
      let asked = 0;
      desk.at.host.bridgeContext = () => {
        asked += 1;
        if (asked > 1) desk.tamper('deal', deal, { time: row.time });
        return look();
      };
    });
  });

  it('ACCOUNT_MISMATCH: of another login nothing is taken, and commands wait', async () => {
    desk.at.control('/accounts', {
      ...{ login: '990099', server: 'Demo-1', currency: 'USD', margin_mode: 'hedging', balance: '5' },
    });
    await refusedAs('ACCOUNT_MISMATCH', () => desk.fault('switch:990099'));
    expect(await t.sql(`SELECT kind FROM alerts WHERE subject_id = $1`, [desk.at.desk.account.id])).toEqual([
      { kind: 'account-mismatch' },
    ]);
  });
});

describe('a name', () => {
  it('SYMBOL_UNMAPPED: one of our instruments under another name waits for a person to say so', async () => {
    desk.at.control('/symbols', { symbol: 'XAUUSD.m', like: 'XAUUSD' });
    desk.at.control('/tick', { symbol: 'XAUUSD.m', bid: '2034.90', ask: '2035.10' });
    desk.manual({ symbol: 'XAUUSD.m', side: 'buy', volume: '0.10' });
    expect(await desk.events()).toContain('SYMBOL_UNMAPPED XAUUSD.m');
    expect(await desk.rows('SYMBOL_UNMAPPED')).toMatchObject([
      { status: 'open', policy: 'person', evidence: { symbol: 'XAUUSD.m', like: 'XAUUSD' } },
    ]);
    await t.sql(`UPDATE accounts SET symbols = '{"XAUUSD": "XAUUSD.m"}' WHERE id = $1`, [
      desk.at.desk.account.id,
    ]);
    await desk.look();
    expect((await desk.rows('SYMBOL_UNMAPPED')).find((r) => r['broker_key'] === 'XAUUSD.m')).toMatchObject({
      ...{ status: 'resolved', resolution: 'settled' },
    });
  });
});
