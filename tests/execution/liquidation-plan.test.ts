import { Big } from 'big.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LiquidationFacts, liquidationPlan } from '../../functions/execution/liquidation-plan.ts';
import { caseCensus, runs } from '../support/property.ts';
import { made, standing, tripFacts } from './liquidation-facts.ts';
import { NOW } from './trading-facts.ts';

const plan = (over: Partial<LiquidationFacts> = {}, nowMs = NOW) => liquidationPlan(tripFacts(over), nowMs);
const failed = (over: Parameters<typeof made>[0] = {}) =>
  made({ state: 'failed', reason: 'retcode-10013', filled: null, resolved_ms: NOW, ...over });
const subjects = (p: ReturnType<typeof plan>) =>
  p.orders.map((o) => (o.kind === 'cancel' ? o.order.order_ticket : o.pre.position_id));
const volumes = (p: ReturnType<typeof plan>) =>
  p.orders.map((o) => (o.kind === 'close' ? o.order.volume : null));

describe('the next step of a trip', () => {
  it('closes a position by its ticket and identifier, at the market', () => {
    expect(plan()).toEqual({
      ...{ dropped: [], alerts: [], nextMs: null },
      orders: [
        {
          kind: 'close',
          pre: {
            ...{ login: '500123', server: 'Demo-Server', symbol: 'XAUUSD', position_id: '7' },
            volume_at_most: '0.1',
          },
          order: {
            ...{ symbol: 'XAUUSD', type: 'sell', volume: '0.1', position_ticket: '70', deviation_points: 20 },
          },
        },
      ],
    });
  });

  it('cancels every working order first, anybody’s', () => {
    const orders = [
      { ticket: '8', symbol: 'XAUUSD', ours: false },
      { ticket: '9', symbol: 'EURUSD', ours: true },
    ];
    const { orders: made } = plan({ orders });
    expect(made.map((o) => o.kind)).toEqual(['cancel', 'cancel', 'close']);
    expect(made[0]).toEqual({
      kind: 'cancel',
      pre: { login: '500123', server: 'Demo-Server', symbol: 'XAUUSD' },
      order: { symbol: 'XAUUSD', order_ticket: '8' },
    });
  });

  it('of scope own leaves what others opened and placed', () => {
    const others = {
      positions: [standing(), standing({ identifier: '8', ours: false })],
      orders: [
        { ticket: '20', symbol: 'XAUUSD', ours: false },
        { ticket: '21', symbol: 'XAUUSD', ours: true },
        // What the guard has kept of its scope alone.
        { ticket: '22', symbol: 'XAUUSD' },
      ],
    };
    expect(subjects(plan({ scope: 'own', ...others }))).toEqual(['21', '22', '7']);
    expect(subjects(plan(others))).toEqual(['20', '21', '22', '7', '8']);
  });

  it('takes no more in one order than the broker does, and the rest when that is known to have gone', () => {
    const markets = { XAUUSD: { min: '0.01', max: '0.04', step: '0.01', tickValue: '1', live: true } };
    expect(volumes(plan({ markets }))).toEqual(['0.04']);
    const first = made({ volume: '0.04', filled: '0.04', unseen: true });
    expect(volumes(plan({ markets, commands: [first] }))).toEqual(['0.04']);
    expect(volumes(plan({ markets, commands: [first, { ...first, id: 'c2' }] }))).toEqual(['0.02']);
    expect(volumes(plan({ markets: {} }))).toEqual(['0.1']);
  });

  it('is nothing where the account is nobody’s', () => {
    expect(plan({ binding: null }).orders).toEqual([]);
  });
});

describe('what is under way', () => {
  it.each(['created', 'sent', 'unknown'] as const)('of its own (%s) is waited for', (state) => {
    expect(plan({ commands: [made({ state })] })).toMatchObject({ orders: [], dropped: [] });
    const cancel = made({ kind: 'cancel', subject: '9', state });
    const orders = [{ ticket: '9', symbol: 'XAUUSD' }];
    expect(subjects(plan({ positions: [], orders, commands: [cancel] }))).toEqual([]);
  });

  it.each(['sent', 'unknown'] as const)('of others and %s is waited for', (state) => {
    expect(plan({ commands: [made({ own: false, state })] })).toMatchObject({ orders: [], dropped: [] });
  });

  it('of others and not sent gives way, with its prices and pauses', () => {
    const waiting = made({ own: false, state: 'created', not_before_ms: NOW + 600_000 });
    const { dropped, orders } = plan({ commands: [waiting] });
    expect([dropped, orders.length]).toEqual([['c1'], 1]);
    const both = plan({ commands: [waiting, made({ id: 'c2', own: false, state: 'unknown' })] });
    expect(both).toMatchObject({ dropped: [], orders: [] });
    const elsewhere = made({ own: false, state: 'created', subject: '8' });
    expect(plan({ commands: [elsewhere] }).dropped).toEqual([]);
  });

  it('a cancellation of others is not made twice', () => {
    const orders = [{ ticket: '9', symbol: 'XAUUSD' }];
    const cancel = made({ kind: 'cancel', subject: '9', own: false, state: 'created' });
    expect(plan({ positions: [], orders, commands: [cancel] })).toMatchObject({ orders: [], dropped: [] });
  });

  it('of a position says nothing of an order of the same number', () => {
    const orders = [{ ticket: '7', symbol: 'XAUUSD' }];
    expect(subjects(plan({ orders, commands: [made({ state: 'sent' })] }))).toEqual(['7']);
    expect(plan({ orders, commands: [made({ state: 'sent' })] }).orders[0]?.kind).toBe('cancel');
    expect(plan({ orders, commands: [made({ kind: 'cancel', state: 'sent' })] }).orders[0]?.kind).toBe(
      'close',
    );
  });
});

describe('what acted', () => {
  it('and is not seen yet is not closed again', () => {
    expect(plan({ commands: [made({ unseen: true })] }).orders).toEqual([]);
    expect(plan({ commands: [made({ unseen: true, own: false })] }).orders).toEqual([]);
    // The broker said nothing of how much: it took what it was asked to.
    expect(plan({ commands: [made({ unseen: true, filled: null })] }).orders).toEqual([]);
    const cancel = made({ kind: 'cancel', subject: '9', unseen: true, volume: null, filled: null });
    const orders = [{ ticket: '9', symbol: 'XAUUSD' }];
    expect(plan({ positions: [], orders, commands: [cancel] }).orders).toEqual([]);
  });

  it('in part leaves the rest', () => {
    const part = made({ state: 'partial', filled: '0.03', unseen: true });
    expect(volumes(plan({ commands: [part] }))).toEqual(['0.07']);
  });

  it('and is seen to stand all the same is closed again, at once: a trip goes by what stands', () => {
    expect(volumes(plan({ commands: [made()] }))).toEqual(['0.1']);
    const orders = [{ ticket: '9', symbol: 'XAUUSD' }];
    const cancel = made({ kind: 'cancel', subject: '9', volume: null, filled: null });
    expect(subjects(plan({ positions: [], orders, commands: [cancel] }))).toEqual(['9']);
  });
});

describe('what was refused', () => {
  it('is never final: tried again after 10, 30 and then 60 seconds, with more room for the price', () => {
    const tries = (n: number) => Array.from({ length: n }, (_, i) => failed({ id: `c${i}` }));
    const pauses = [10_000, 30_000, 60_000, 60_000, 60_000];
    const points = [50, 100, 100, 100, 100];
    for (const [i, pauseMs] of pauses.entries()) {
      const commands = tries(i + 1);
      expect(plan({ commands }, NOW + pauseMs - 1)).toMatchObject({ orders: [], nextMs: NOW + pauseMs });
      expect(plan({ commands }, NOW + pauseMs).orders[0]?.order).toMatchObject({
        deviation_points: points[i],
      });
    }
  });

  it('is told once, whatever the reason, of each position and order', () => {
    const [alert] = plan({ commands: [failed()] }).alerts;
    expect(alert).toEqual({
      ...{ kind: 'liquidation-stuck', period: 'close/7' },
      detail: { symbol: 'XAUUSD', position: '7', reason: 'retcode-10013' },
    });
    expect(plan({ commands: [failed()], told: ['liquidation-stuck/close/7'] }).alerts).toEqual([]);
    for (const reason of ['retcode-10027', 'bridge-unreachable', 'not-executed'])
      expect(plan({ commands: [failed({ reason })] }).alerts, reason).toHaveLength(1);
    const cancel = failed({ kind: 'cancel', subject: '9', volume: null });
    const orders = [{ ticket: '9', symbol: 'XAUUSD' }];
    expect(plan({ positions: [], orders, commands: [cancel] }).alerts).toMatchObject([
      { period: 'cancel/9', detail: { order: '9' } },
    ]);
    expect(plan({ positions: [], commands: [failed()] }).alerts, 'gone').toEqual([]);
  });

  it('begins anew where something acted since', () => {
    const commands = [failed({ id: 'a' }), failed({ id: 'b' }), made({ volume: '0.04', filled: '0.04' })];
    expect(plan({ commands })).toMatchObject({ alerts: [], orders: [{ order: { deviation_points: 20 } }] });
  });

  it('by others, or only by its time, holds nothing back', () => {
    expect(plan({ commands: [failed({ own: false })] })).toMatchObject({ alerts: [], orders: [{}] });
    const late = failed({ state: 'expired', reason: 'retcode-10018' });
    expect(plan({ commands: [late] })).toMatchObject({ alerts: [], orders: [{}] });
  });

  it('is no alarm where the order was gone, though it is tried again if it works', () => {
    const orders = [{ ticket: '9', symbol: 'XAUUSD' }];
    const gone = failed({ kind: 'cancel', subject: '9', reason: 'order_not_working', volume: null });
    expect(plan({ positions: [], orders, commands: [gone] })).toMatchObject({ alerts: [], orders: [] });
    expect(plan({ positions: [], orders, commands: [gone] }, NOW + 10_000).orders).toHaveLength(1);
  });
});

describe('a closed market', () => {
  const waiting = (over: Parameters<typeof made>[0] = {}) =>
    made({
      state: 'created',
      reason: 'retcode-10018',
      not_before_ms: NOW + 3_600_000,
      filled: null,
      ...over,
    });

  it('is told once for each opening, however many positions wait for it', () => {
    const commands = [
      waiting(),
      waiting({ id: 'c2', subject: '8' }),
      waiting({ symbol: 'EURUSD', subject: '9' }),
    ];
    const { alerts, orders } = plan({ commands });
    expect(orders).toEqual([]);
    const opens = new Date(NOW + 3_600_000).toISOString();
    expect(alerts).toEqual(
      ['XAUUSD', 'EURUSD'].map((symbol) => ({
        ...{ kind: 'liquidation-waits', period: `${symbol}/${opens}`, detail: { symbol, opens } },
      })),
    );
    expect(plan({ commands, told: alerts.map((a) => `${a.kind}/${a.period}`) }).alerts).toEqual([]);
  });

  it('of which nobody knows when it opens is told after a minute of asking', () => {
    const short = { not_before_ms: NOW + 30_000 };
    expect(plan({ commands: [waiting({ ...short, attempt: 6 })] }).alerts).toEqual([]);
    expect(plan({ commands: [waiting({ ...short, attempt: 7 })] }).alerts).toMatchObject([
      { period: 'XAUUSD/unknown' },
    ]);
  });

  it('is nobody’s business where another reason holds it up, or another’s order waits', () => {
    expect(plan({ commands: [waiting({ reason: 'retcode-10028' })] }).alerts).toEqual([]);
    expect(plan({ commands: [waiting({ own: false })] }).alerts).toEqual([]);
  });
});

it('keeps its limits whatever stands and whatever was made: one order a subject, never more than is there', () => {
  const census = caseCensus('closes', 'cancels', 'waits', 'dropped', 'chunks', 'own scope', 'stuck', 'pause');
  const lots = fc.integer({ min: 1, max: 50 }).map((n) => new Big(n).div(100).toFixed());
  const id = fc.integer({ min: 1, max: 4 }).map(String);
  const position = fc.record({ identifier: id, volume: lots, ours: fc.boolean() });
  const command = fc.record({
    kind: fc.constantFrom('close' as const, 'cancel' as const),
    subject: id,
    state: fc.constantFrom(
      'created',
      'sent',
      'unknown',
      'done',
      'partial',
      'failed',
      'not_executed' as const,
    ),
    ...{ own: fc.boolean(), unseen: fc.boolean(), filled: lots },
    agoMs: fc.integer({ min: 0, max: 90_000 }),
  });
  fc.assert(
    fc.property(
      fc.record({
        positions: fc.uniqueArray(position, { selector: (p) => p.identifier }),
        orders: fc.uniqueArray(fc.record({ ticket: id, ours: fc.boolean() }), { selector: (o) => o.ticket }),
        commands: fc.array(command, { maxLength: 8 }),
        max: fc.constantFrom('50', '0.07'),
        scope: fc.constantFrom('all' as const, 'own' as const),
      }),
      ({ positions, orders, commands, max, scope }) => {
        const next = plan({
          scope,
          positions: positions.map((p) => standing({ ...p, ticket: `${p.identifier}0` })),
          orders: orders.map((o) => ({ ...o, symbol: 'XAUUSD' })),
          commands: commands.map(({ agoMs, ...c }, i) =>
            made({ ...c, id: `c${i}`, resolved_ms: NOW - agoMs }),
          ),
          markets: { XAUUSD: { min: '0.01', max, step: '0.01', tickValue: '1', live: true } },
        });
        const kinds = next.orders.map((o) => o.kind);
        expect(kinds, 'pendings first').toEqual(kinds.toSorted());
        const made_ = next.orders.map((o, i) => `${o.kind}/${subjects(next)[i]}`);
        expect(new Set(made_).size).toBe(made_.length);
        for (const [i, o] of next.orders.entries()) {
          const subject = subjects(next)[i];
          const about = commands.filter((c) => c.kind === o.kind && c.subject === subject);
          const open = about.filter((c) => ['created', 'sent', 'unknown'].includes(c.state));
          const left = open.filter((c) => !next.dropped.includes(`c${commands.indexOf(c)}`));
          expect(left, 'one at a time').toEqual([]);
          const ours = [...positions, ...orders].find(
            (s) => ('ticket' in s ? s.ticket : s.identifier) === subject,
          );
          if (scope === 'own' && o.kind === 'close')
            expect(positions.find((p) => p.identifier === subject)?.ours).toBe(true);
          expect(ours).toBeDefined();
          if (o.kind !== 'close') continue;
          const there = positions.find((p) => p.identifier === subject)?.volume ?? '0';
          const gone = about
            .filter((c) => c.unseen && ['done', 'partial'].includes(c.state))
            .reduce((sum, c) => sum.plus(c.filled), new Big(0));
          expect(new Big(o.order.volume).gt(0) && new Big(o.order.volume).plus(gone).lte(there)).toBe(true);
          expect(new Big(o.order.volume).lte(max)).toBe(true);
          census.note('chunks', new Big(o.order.volume).plus(gone).lt(there));
        }
        for (const dropped of next.dropped) {
          const c = commands[Number(dropped.slice(1))];
          expect(c).toMatchObject({ own: false, state: 'created', kind: 'close' });
        }
        // What stands is never forgotten: it is being closed, waited for, or tried again at a moment that is named.
        const inScope = positions.filter((p) => scope === 'all' || p.ours);
        const idle = inScope.filter(
          (p) =>
            !commands.some((c) => c.subject === p.identifier && c.kind === 'close') &&
            !next.orders.some((o) => o.kind === 'close' && o.pre.position_id === p.identifier),
        );
        expect(idle).toEqual([]);
        expect(next.nextMs === null || next.nextMs > NOW).toBe(true);
        census.note('closes', kinds.includes('close'));
        census.note('cancels', kinds.includes('cancel'));
        census.note('waits', inScope.length > 0 && !kinds.includes('close'));
        census.note('dropped', next.dropped.length > 0);
        census.note('own scope', scope === 'own' && positions.some((p) => !p.ours));
        census.note('stuck', next.alerts.length > 0);
        census.note('pause', next.nextMs !== null);
      },
    ),
    runs(1_000),
  );
  census.expectAllMet();
});
