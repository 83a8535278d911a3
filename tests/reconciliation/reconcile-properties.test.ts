import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Snapshot, snapshotReply } from '../../functions/bridge/bridge-protocol.ts';
import { magicNumber } from '../../functions/execution/magic-number.ts';
import { isTradeDeal } from '../../functions/ledger/deal-class.ts';
import type { Deal } from '../../functions/ledger/trade-projection.ts';
import { compare, sum } from '../../functions/platform/decimal.ts';
import {
  type ReconcilePlan,
  type ReconcileState,
  reconcile,
} from '../../functions/reconciliation/reconcile.ts';
import { iso, wireDeal, wirePosition, wireSnapshot } from '../bridge/bridge-reply.ts';
import { positionLife } from '../ledger/deal-facts.ts';
import { caseCensus, runs } from '../support/property.ts';

const NAMESPACE = 7;
const magicOf = (n: number): string => String(magicNumber(NAMESPACE, BigInt(n), 0));
const wireOf = (d: Deal, magic: string) =>
  wireDeal({
    ...d,
    order: d.positionId,
    position_id: d.positionId,
    time: iso(d.timeMs),
    external_id: '',
    magic: d.entry === 'in' ? magic : '0',
  });

type World = { snapshot: Snapshot; state: ReconcileState; deals: Record<string, unknown>[] };

/** An account: several positions, ours, lost, foreign or gone, a deposit, and what we know of it. */
const world: fc.Arbitrary<World> = fc
  .array(
    fc.record({
      life: positionLife('1'),
      owner: fc.constantFrom('known', 'orphan', 'manual'),
      shown: fc.constantFrom('right', 'right', 'missing', 'wrong volume'),
      unseenFills: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((scenes) => {
    const rows = scenes.map(({ life, owner, shown, unseenFills }, i) => {
      const id = String(2000 + i);
      const magic = owner === 'manual' ? '0' : magicOf(i + 1);
      const deals = life.deals
        .map((d, n) => ({ ...d, positionId: id, ticket: `${id}${n}` }))
        .filter((d) => !unseenFills || !(isTradeDeal(d) && d.entry === 'in'));
      const open = life.left > 0 && shown !== 'missing';
      const volume = (shown === 'wrong volume' ? life.left + 1 : life.left) / 100;
      return {
        deals: deals.map((d) => wireOf(d, magic)),
        positions: open
          ? [wirePosition({ ticket: id, identifier: id, magic, volume: volume.toFixed(2) })]
          : [],
        commands:
          owner === 'known'
            ? [
                {
                  id: `command-${i}`,
                  signalId: `signal-${i}`,
                  approvalId: null,
                  magic,
                  symbol: 'EURUSD',
                  positionId: null,
                  orderTicket: null,
                  instrument: 'EURUSD',
                  strategy: null,
                  timeframe: null,
                  stopLoss: null,
                },
              ]
            : [],
      };
    });
    const deposit = wireDeal({ ticket: '1', type: 'balance', position_id: '0', order: '0', profit: '500' });
    const deals = [deposit, ...rows.flatMap((r) => r.deals)];
    return {
      deals,
      snapshot: snapshotReply.parse(wireSnapshot({ deals, positions: rows.flatMap((r) => r.positions) })),
      state: {
        accountId: 'account',
        namespace: NAMESPACE,
        deals: [],
        commands: rows.flatMap((r) => r.commands),
        adoptions: [],
        terms: [],
        closedBy: new Map(),
        symbols: {},
      },
    };
  });

/** A plan as a set: the order of its rows is no part of it. */
const asSet = (plan: ReconcilePlan) => {
  const sorted = (rows: readonly unknown[]): string[] => rows.map((r) => JSON.stringify(r)).sort();
  return {
    newDeals: sorted(plan.newDeals),
    trades: sorted(plan.trades),
    divergences: sorted(plan.divergences),
    executedCommands: sorted(plan.executedCommands),
  };
};

/** What is stored once the plan has been applied. */
const applied = (state: ReconcileState, plan: ReconcilePlan): ReconcileState => ({
  ...state,
  deals: [...state.deals, ...plan.newDeals],
  terms: [
    ...state.terms.filter((t) => !plan.terms.some((p) => p.dealTicket === t.dealTicket)),
    ...plan.terms,
  ],
  commands: state.commands.map((c) => ({
    ...c,
    positionId: plan.executedCommands.find((e) => e.id === c.id)?.positionId ?? c.positionId,
  })),
});

describe('a plan', () => {
  it('applied once has nothing new to say the second time', () => {
    const census = caseCensus('new deals', 'executed command', 'closed', 'open', 'unconfirmed');
    fc.assert(
      fc.property(world, ({ state, snapshot }) => {
        const first = reconcile(state, snapshot);
        const second = reconcile(applied(state, first), snapshot);
        expect(second.newDeals).toEqual([]);
        expect(asSet({ ...second, newDeals: first.newDeals })).toEqual(asSet(first));
        census.note('new deals', first.newDeals.length > 1);
        census.note('executed command', first.executedCommands.length > 0);
        census.note(
          'closed',
          first.trades.some((t) => t.status === 'closed'),
        );
        census.note(
          'open',
          first.trades.some((t) => t.status === 'open'),
        );
        census.note(
          'unconfirmed',
          first.trades.some((t) => t.status === 'closing_unconfirmed'),
        );
      }),
      runs(300),
    );
    census.expectAllMet();
  });

  it('is the same for any order and repetition of the broker’s facts', () => {
    const census = caseCensus('repeated deal', 'other order');
    const told = world.chain((w) =>
      fc.record({
        world: fc.constant(w),
        order: fc.shuffledSubarray(w.deals, { minLength: w.deals.length }),
        again: fc.subarray(w.deals),
        positions: fc.shuffledSubarray(w.snapshot.positions, { minLength: w.snapshot.positions.length }),
      }),
    );
    fc.assert(
      fc.property(told, ({ world: { state, snapshot, deals }, order, again, positions }) => {
        const plan = reconcile(state, snapshot);
        const said = snapshotReply.parse(wireSnapshot({ deals: [...order, ...again], positions: [] }));
        expect(asSet(reconcile(state, { ...said, positions }))).toEqual(asSet(plan));
        census.note('repeated deal', again.length > 0);
        census.note(
          'other order',
          order.some((d, i) => d !== deals[i]),
        );
      }),
      runs(300),
    );
    census.expectAllMet();
  });

  it('ends the same whether the deals came at once or in two snapshots', () => {
    const census = caseCensus('split within a position');
    const split = world.chain((w) => fc.record({ world: fc.constant(w), first: fc.subarray(w.deals) }));
    fc.assert(
      fc.property(split, ({ world: { state, snapshot, deals }, first }) => {
        const atOnce = reconcile(state, snapshot);
        const early = snapshotReply.parse(wireSnapshot({ deals: first, positions: [] }));
        const after = applied(state, reconcile(state, { ...early, positions: snapshot.positions }));
        const late = reconcile(after, snapshot);
        expect([...asSet(late).trades]).toEqual(asSet(atOnce).trades);
        expect(asSet(late).divergences).toEqual(asSet(atOnce).divergences);
        const positions = new Set(first.map((d) => d['position_id']));
        census.note(
          'split within a position',
          deals.some((d) => !first.includes(d) && positions.has(d['position_id'])),
        );
      }),
      runs(300),
    );
    census.expectAllMet();
  });

  it('keeps every cent: trades, unattributed positions and the account together are all that was booked', () => {
    const census = caseCensus('unattributed', 'several trades');
    const moneyOf = (d: Deal): string[] => [d.profit, d.swap, d.commission, d.fee];
    fc.assert(
      fc.property(world, ({ state, snapshot }) => {
        const plan = reconcile(state, snapshot);
        const traded = new Set(plan.trades.map((t) => t.positionId));
        const rest = plan.newDeals.filter((d) => !traded.has(d.positionId));
        expect(sum([...plan.trades.map((t) => t.net), ...rest.flatMap(moneyOf)])).toBe(
          sum(plan.newDeals.flatMap(moneyOf)),
        );
        expect(new Set(plan.trades.map((t) => t.positionId)).size, 'one trade a position').toBe(
          plan.trades.length,
        );
        census.note(
          'unattributed',
          rest.some((d) => d.positionId !== '0'),
        );
        census.note('several trades', plan.trades.length > 1);
      }),
      runs(300),
    );
    census.expectAllMet();
  });

  it('names every disagreement that there is, and none that there is not', () => {
    const census = caseCensus(
      ...(['ORPHAN_OWN', 'EXTERNAL_POSITION', 'MISSING_NO_DEALS', 'VOLUME_GAP'] as const),
      'DIRECTION_MISMATCH',
      'none',
    );
    fc.assert(
      fc.property(world, ({ state, snapshot }) => {
        const plan = reconcile(state, snapshot);
        const found = (code: string, key: string) =>
          plan.divergences.filter((d) => d.code === code && d.brokerKey === key).length;
        for (const trade of plan.trades) {
          const position = snapshot.positions.find((p) => p.identifier === trade.positionId);
          const gap = position !== undefined && compare(position.volume, trade.volumeOpen) !== 0;
          expect(found('VOLUME_GAP', trade.positionId)).toBe(gap ? 1 : 0);
          const turned = position !== undefined && trade.status !== 'closed' && position.type !== trade.side;
          expect(found('DIRECTION_MISMATCH', trade.positionId)).toBe(turned ? 1 : 0);
          expect(found('MISSING_NO_DEALS', trade.positionId)).toBe(
            trade.status === 'closing_unconfirmed' ? 1 : 0,
          );
          const strange =
            found('ORPHAN_OWN', trade.positionId) + found('EXTERNAL_POSITION', trade.positionId);
          // What was over before anybody looked is nobody's business.
          expect(strange).toBe(trade.commandId === null && trade.status !== 'closed' ? 1 : 0);
        }
        const traded = plan.trades.map((t) => t.positionId);
        for (const p of snapshot.positions)
          if (!traded.includes(p.identifier)) expect(found('VOLUME_GAP', p.identifier)).toBe(1);
        for (const { code } of plan.divergences) {
          const known = [
            ...(['ORPHAN_OWN', 'EXTERNAL_POSITION', 'MISSING_NO_DEALS', 'VOLUME_GAP'] as const),
            'DIRECTION_MISMATCH' as const,
          ];
          const name = known.find((k) => k === code);
          expect(name, code).toBeDefined();
          if (name !== undefined) census.note(name, true);
        }
        census.note('none', plan.divergences.length === 0);
      }),
      runs(500),
    );
    census.expectAllMet();
  });
});
