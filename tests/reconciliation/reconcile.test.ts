import { describe, expect, it } from 'vitest';
import { type Snapshot, snapshotReply } from '../../functions/bridge/bridge-protocol.ts';
import { magicNumber } from '../../functions/execution/magic-number.ts';
import {
  dealOf,
  type KnownCommand,
  type ReconcileState,
  reconcile,
} from '../../functions/reconciliation/reconcile.ts';
import { wireDeal, wireOrder, wirePosition, wireSnapshot } from '../bridge/bridge-reply.ts';

const NAMESPACE = 7;
const MAGIC = String(magicNumber(NAMESPACE, 1n, 0));
const COMMAND: KnownCommand = {
  id: '0199c7a0-0000-7000-8000-0000000000c1',
  signalId: 'signal-1',
  approvalId: 'approval-1',
  magic: MAGIC,
  symbol: 'EURUSD',
  positionId: null,
  orderTicket: null,
  instrument: 'EURUSD',
  strategy: 'fib-rsi',
  timeframe: 'M15',
  stopLoss: '1.08',
};
const LATER = '2026-03-02T09:59:30.000Z';
const out = (changes: Record<string, unknown> = {}) =>
  wireDeal({
    ticket: '5002',
    order: '1009',
    type: 'sell',
    entry: 'out',
    magic: '0',
    reason: 'sl',
    time: LATER,
    ...changes,
  });

const snapshot = (deals: unknown[], positions: unknown[] = []): Snapshot =>
  snapshotReply.parse(wireSnapshot({ deals, positions }));
const state = (changes: Partial<ReconcileState> = {}): ReconcileState => ({
  accountId: 'account',
  namespace: NAMESPACE,
  deals: [],
  commands: [COMMAND],
  adoptions: [],
  terms: [],
  closedBy: new Map(),
  symbols: {},
  ...changes,
});
const codes = (plan: ReturnType<typeof reconcile>): string[] =>
  plan.divergences.map((d) => `${d.code} ${d.brokerKey}`);

describe('a deal', () => {
  it('is stored once, in our own words, however often it is said', () => {
    const plan = reconcile(state(), snapshot([wireDeal(), wireDeal()], [wirePosition()]));
    expect(plan.newDeals).toHaveLength(1);
    expect(plan.newDeals[0]).toMatchObject({
      ticket: '5001',
      orderTicket: '1001',
      positionId: '1001',
      externalId: '',
    });
  });

  const version = (revision: number, changes: Record<string, unknown> = {}) => ({
    ...dealOf(snapshot([wireDeal(changes)]).deals[0] ?? raise()),
    revision,
  });

  it('that stands already is not new, whatever is written beside it', () => {
    const said = wireDeal({ comment: 'rewritten', volume: '0.100', time: LATER, external_id: 'x' });
    expect(reconcile(state({ deals: [version(0)] }), snapshot([said], [wirePosition()])).newDeals).toEqual(
      [],
    );
  });

  it.each([
    ['price', '1.05'],
    ['commission', '-9'],
    ['swap', '-0.1'],
    ['profit', '3'],
    ['fee', '-0.2'],
    ['volume', '0.2'],
    ['type', 'buy_canceled'],
    ['position_id', '1002'],
  ])('that the broker states with another %s is its next version', (member, value) => {
    const state1 = state({ deals: [version(0)] });
    const plan = reconcile(state1, snapshot([wireDeal({ [member]: value })], [wirePosition()]));
    expect(plan.newDeals).toMatchObject([{ ticket: '5001', revision: 1 }]);
    expect(plan.positions.sort()).toEqual(member === 'position_id' ? ['1001', '1002'] : ['1001']);
  });

  it('counts in its latest version, whatever the order of the rows', () => {
    const deals = [version(1, { price: '1.06' }), version(2, { price: '1.07' }), version(0)];
    expect(reconcile(state({ deals }), snapshot([])).trades).toMatchObject([{ entryPrice: '1.07' }]);
  });

  it('said again as an earlier version said it changes nothing: a late reply is no news', () => {
    const deals = [version(0), version(1, { price: '1.06' })];
    const plan = reconcile(state({ deals }), snapshot([wireDeal()], [wirePosition()]));
    expect(plan.newDeals).toEqual([]);
    expect(plan.trades).toMatchObject([{ entryPrice: '1.06' }]);
  });

  it('that is cancelled takes its leg with it, and its trade where it opened it', () => {
    const [opened, closed] = [version(0), { ...dealOf(snapshot([out()]).deals[0] ?? raise()), revision: 0 }];
    const deals = [opened, closed];
    const reopened = reconcile(
      state({ deals }),
      snapshot([out({ type: 'sell_canceled', profit: '0', commission: '0' })], [wirePosition()]),
    );
    expect(reopened).toMatchObject({
      newDeals: [{ ticket: '5002', revision: 1, type: 'sell_canceled' }],
      trades: [{ status: 'open', legs: [] }],
      positions: ['1001'],
    });
    const gone = reconcile(state({ deals: [opened] }), snapshot([wireDeal({ type: 'buy_canceled' })]));
    expect(gone).toMatchObject({ newDeals: [{ revision: 1 }], trades: [], positions: ['1001'] });
  });

  it('of the account alone is stored and belongs to no trade', () => {
    const deposit = wireDeal({
      ticket: '4000',
      type: 'balance',
      position_id: '0',
      order: '0',
      symbol: '',
      profit: '10000',
    });
    const plan = reconcile(state(), snapshot([deposit]));
    expect(plan).toMatchObject({
      newDeals: [{ ticket: '4000' }],
      trades: [],
      divergences: [],
      executedCommands: [],
    });
  });

  it('of costs that names a position is money of its trade', () => {
    const cost = wireDeal({
      ticket: '5003',
      type: 'commission',
      entry: 'in',
      profit: '0',
      commission: '-1.00',
    });
    const plan = reconcile(state(), snapshot([wireDeal(), cost], [wirePosition()]));
    expect(plan.trades).toMatchObject([{ commission: '-1.35', net: '-1.35', volume: '0.1' }]);
    expect(plan.divergences).toEqual([]);
  });
});

describe('a trade', () => {
  it('of a command of ours is its signal’s, with the stops that the broker shows', () => {
    const plan = reconcile(state(), snapshot([wireDeal()], [wirePosition({ sl: '1.08' })]));
    expect(plan.trades).toMatchObject([
      {
        commandId: COMMAND.id,
        signalId: 'signal-1',
        source: 'bot',
        status: 'open',
        stopLoss: '1.08',
        takeProfit: '1.12000',
      },
    ]);
    expect(plan.executedCommands).toEqual([
      { id: COMMAND.id, positionId: '1001', orderTicket: '1001', works: false },
    ]);
    expect(plan.divergences).toEqual([]);
  });

  it('of an order that is filled in part leaves its command working', () => {
    const rest = wireOrder({ ticket: '1001', type: 'buy_limit', magic: MAGIC, volume_current: '0.04' });
    const part = wireSnapshot({ deals: [wireDeal()], positions: [wirePosition()], orders: [rest] });
    expect(reconcile(state(), snapshotReply.parse(part)).executedCommands).toMatchObject([
      { id: COMMAND.id, works: true },
    ]);
  });

  it('is found by its stored position where the magic says nothing', () => {
    const known = { ...COMMAND, positionId: '1001' };
    const plan = reconcile(
      state({ commands: [known] }),
      snapshot([wireDeal({ magic: '0' })], [wirePosition()]),
    );
    expect(plan.trades).toMatchObject([{ commandId: COMMAND.id, source: 'bot' }]);
    expect(plan.divergences).toEqual([]);
  });

  it('is never attributed by the magic of an exit, nor to a command of another symbol', () => {
    const exitOnly = snapshot([wireDeal({ magic: '0' }), out({ magic: MAGIC })]);
    expect(reconcile(state(), exitOnly).trades).toMatchObject([{ commandId: null, source: 'manual' }]);
    const elsewhere = snapshot([wireDeal({ symbol: 'GBPUSD' })], [wirePosition({ symbol: 'GBPUSD' })]);
    expect(reconcile(state(), elsewhere).trades).toMatchObject([{ commandId: null }]);
  });

  it('on a netting position of several commands is the earliest one’s, however the rows are ordered', () => {
    const second = {
      ...COMMAND,
      id: '0199c7a0-0000-7000-8000-0000000000c2',
      magic: String(magicNumber(NAMESPACE, 2n, 0)),
      positionId: '1001',
    };
    const deals = [wireDeal(), wireDeal({ ticket: '5002', order: '1002', magic: second.magic, time: LATER })];
    const positions = [wirePosition({ volume: '0.20' })];
    for (const commands of [
      [COMMAND, second],
      [second, COMMAND],
      [{ ...COMMAND, positionId: '1001' }, second],
      [second, { ...COMMAND, positionId: '1001' }],
    ])
      for (const said of [deals, [...deals].reverse()]) {
        const plan = reconcile(state({ commands }), snapshot(said, positions));
        const stored = commands.some((c) => c.id === COMMAND.id && c.positionId !== null);
        expect(plan.trades.map((t) => t.commandId)).toEqual([stored ? COMMAND.id : second.id]);
        // Its own order, not the one that began the position.
        expect(plan.executedCommands.map((c) => c.orderTicket)).toEqual([stored ? '1001' : '1002']);
      }
  });

  it('is closed only by its deals, and loses its stops with its position', () => {
    const plan = reconcile(state(), snapshot([wireDeal(), out()]));
    expect(plan.trades).toMatchObject([
      { status: 'closed', exitReason: 'sl', stopLoss: null, takeProfit: null },
    ]);
    expect(plan.divergences).toEqual([]);
  });

  it('that was open stays in the plan when neither its deals nor its position are said again', () => {
    const stored = snapshot([wireDeal()]).deals.map((d) => ({ ...dealOf(d), revision: 0 }));
    const plan = reconcile(state({ deals: stored }), snapshot([]));
    expect(plan.trades).toMatchObject([{ status: 'closing_unconfirmed' }]);
    expect(plan.newDeals).toEqual([]);
  });
});

describe('a divergence', () => {
  it('EXTERNAL_POSITION: opened by hand or by somebody else’s magic', () => {
    for (const magic of ['0', '12345', String(magicNumber(NAMESPACE + 1, 1n, 0))]) {
      const plan = reconcile(state(), snapshot([wireDeal({ magic })], [wirePosition({ magic })]));
      const evidence = { magic, symbol: 'EURUSD', side: 'buy', volume: '0.1' };
      expect(plan.divergences).toMatchObject([{ code: 'EXTERNAL_POSITION', brokerKey: '1001', evidence }]);
      expect(plan.trades).toMatchObject([{ source: 'manual', commandId: null }]);
      expect(plan.executedCommands).toEqual([]);
    }
  });

  it('ORPHAN_OWN: our namespace, and no such command', () => {
    const plan = reconcile(state({ commands: [] }), snapshot([wireDeal()], [wirePosition()]));
    expect(codes(plan)).toEqual(['ORPHAN_OWN 1001']);
  });

  it('MISSING_NO_DEALS: gone at the broker while volume is open in the ledger', () => {
    const plan = reconcile(state(), snapshot([wireDeal(), out({ volume: '0.04' })]));
    expect(plan.divergences).toMatchObject([
      { code: 'MISSING_NO_DEALS', brokerKey: '1001', evidence: { volume_open: '0.06' } },
    ]);
    const [opened] = plan.trades;
    expect(plan.resyncFromMs, 'its history is asked for again').toBe(opened?.openedMs);
    expect(plan.trades).toMatchObject([{ status: 'closing_unconfirmed' }]);
  });

  it('VOLUME_GAP: the position and its deals disagree', () => {
    const plan = reconcile(state(), snapshot([wireDeal()], [wirePosition({ volume: '0.30' })]));
    expect(plan.divergences).toEqual([
      { code: 'VOLUME_GAP', brokerKey: '1001', evidence: { at_broker: '0.3', in_ledger: '0.1' } },
    ]);
  });

  it('VOLUME_GAP: a position of which no deal is known, or only its exit', () => {
    const evidence = { at_broker: '0.1', in_ledger: '0' };
    for (const deals of [[], [out({ volume: '0.05' })]]) {
      const plan = reconcile(state(), snapshot(deals, [wirePosition()]));
      expect(plan.divergences).toEqual([{ code: 'VOLUME_GAP', brokerKey: '1001', evidence }]);
      expect(plan.trades, 'nothing is invented').toEqual([]);
    }
  });

  it('is none where spelling alone differs', () => {
    const plan = reconcile(
      state(),
      snapshot([wireDeal({ volume: '0.1' })], [wirePosition({ volume: '0.100' })]),
    );
    expect(plan.divergences).toEqual([]);
  });
});

function raise(): never {
  throw new Error('the snapshot has no deal');
}
