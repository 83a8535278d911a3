import { Big } from 'big.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ExitFacts, exitPlan } from '../../functions/execution/exit-plan.ts';
import { caseCensus, runs } from '../support/property.ts';
import { stakeCommand, stakeOf, stakePosition, unmade } from './stakes.ts';
import { ACCOUNT, NOW, TERMS } from './trading-facts.ts';

const DAY_MS = 86_400_000;
const BINDING = ACCOUNT.binding as NonNullable<typeof ACCOUNT.binding>;
const LIMITS = (max: string, step = '0.01') => ({ XAUUSD: { min: '0.01', max, step } });
const facts = (over: Partial<ExitFacts> = {}): ExitFacts => ({
  ...{ approvedMs: NOW - 1_000, createdMs: NOW - 500, expiresMs: NOW + DAY_MS },
  ...{
    acted: false,
    signalCancelled: false,
    binding: BINDING,
    limits: LIMITS('50'),
    stake: stakeOf(),
    legs: [],
  },
  terms: { ...TERMS, intent: 'close', max_volume: '0.1', band: { low: '0', high: '1000000000' } },
  ...over,
});
const terms = (max_volume: string): ExitFacts['terms'] => ({ ...facts().terms, max_volume });
const plan = (over: Partial<ExitFacts> = {}, nowMs = NOW) => exitPlan(facts(over), nowMs);
const leg = (over: Partial<ExitFacts['legs'][number]> = {}): ExitFacts['legs'][number] => ({
  ...{ state: 'done', reason: null, position_id: '7', filled: '0.1', resolved_ms: NOW - 100 },
  ...over,
});
const flat = stakeOf({ positions: [], commands: [] });

describe('the next step of a close', () => {
  it('takes a position out by its ticket and identifier, at the approved prices', () => {
    expect(plan()).toEqual({
      ...{ drop: [], unmade: [], withdraw: [], acted: false, reason: 'closing', end: null },
      // What becomes of its order wakes it.
      nextMs: NOW + DAY_MS,
      orders: [
        {
          kind: 'close',
          pre: {
            ...{ login: '500123', server: 'Demo-Server', symbol: 'XAUUSD', position_id: '7' },
            ...{ volume_at_most: '0.1', price_low: '0', price_high: '1000000000' },
          },
          order: { symbol: 'XAUUSD', type: 'sell', volume: '0.1', position_ticket: '70' },
        },
      ],
    });
  });

  it('never takes out more than was approved, the oldest position first, nor more in one order than the broker takes', () => {
    const ids = ['7', '8', '9'];
    const stake = stakeOf({
      positions: ids.map((id) => stakePosition({ identifier: id, number: id, opened: {}, volume: '0.4' })),
      commands: ids.map((id) => stakeCommand({ id, number: id, position_id: id, order_ticket: id })),
    });
    const volumes = (over: Partial<ExitFacts>) =>
      plan({ stake, ...over }).orders.map((o) => [o.pre.position_id, o.order.volume]);
    expect(volumes({ terms: terms('0.6') })).toEqual([
      ['7', '0.4'],
      ['8', '0.2'],
    ]);
    expect(volumes({ terms: terms('2'), limits: LIMITS('0.25') })).toEqual(ids.map((id) => [id, '0.25']));
    expect(volumes({ terms: terms('2'), limits: LIMITS('0.25', '0.1') })).toEqual(
      ids.map((id) => [id, '0.2']),
    );
    expect(volumes({ terms: terms('2'), limits: {} })).toEqual(ids.map((id) => [id, '0.4']));
    const another = { EURUSD: { min: '0.01', max: '0.25', step: '0.01' } };
    expect(volumes({ terms: terms('2'), limits: another })).toEqual(ids.map((id) => [id, '0.4']));
    expect(volumes({ terms: terms('0.6'), limits: LIMITS('0.25') })).toEqual([
      ['7', '0.25'],
      ['8', '0.2'],
    ]);
    expect(volumes({ terms: terms('0.6'), legs: [leg({ position_id: '1', filled: '0.3' })] })).toEqual([
      ['7', '0.3'],
    ]);
  });

  it('has one order of a position at a time, whoever’s the other is', () => {
    const closing = (over: Parameters<typeof stakeCommand>[0]) =>
      stakeOf({
        commands: [
          stakeCommand(),
          stakeCommand({ id: 'x', kind: 'close', number: '9', side: 'sell', ...over }),
        ],
      });
    for (const own of [true, false])
      for (const state of ['created', 'sent', 'unknown'] as const) {
        const next = plan({ stake: closing({ state, own }) });
        expect(next).toMatchObject({ orders: [], end: null, reason: 'closing' });
        // One that waits to be sent wakes it itself; what is out has to be looked up.
        expect(next.nextMs).toBe(state === 'created' ? NOW + DAY_MS : NOW + 1_000);
      }
    expect(plan({ stake: closing({ state: 'failed' }) }).orders).toHaveLength(1);
  });

  it('goes on with the rest of a position, and waits for the snapshot where nothing seems left', () => {
    const taken = stakeCommand({ id: 'x', kind: 'close', number: '9', side: 'sell', recent: true });
    const rest = (filled: string) =>
      plan({
        terms: terms('0.2'),
        stake: stakeOf({ commands: [stakeCommand(), { ...taken, state: 'partial', filled }] }),
        legs: [leg({ state: 'partial', filled })],
      });
    expect(rest('0.04').orders[0]?.order.volume).toBe('0.06');
    expect(rest('0.1')).toMatchObject({ orders: [], end: null, reason: 'position-unseen' });
  });

  it('takes back what was not sent, cancels what works, and waits for what is on its way', () => {
    const entry = (state: Parameters<typeof stakeCommand>[0]) =>
      plan({ stake: stakeOf({ positions: [], commands: [stakeCommand({ filled: null, ...state })] }) });
    expect(entry({ state: 'created' })).toMatchObject({
      ...{ drop: ['c1'], acted: true, end: null, reason: 'entry-under-way', nextMs: NOW },
    });
    expect(entry({ state: 'placed' })).toMatchObject({
      ...{ withdraw: ['c1'], acted: true, end: null, reason: 'order-working' },
    });
    for (const state of ['sent', 'unknown'] as const)
      expect(entry({ state })).toMatchObject({
        drop: [],
        acted: false,
        end: null,
        reason: 'entry-under-way',
      });
    const acted = { state: 'done', recent: true, lately: true } as const;
    expect(entry(acted)).toMatchObject({ end: null, reason: 'entry-under-way' });
    const waits = plan({
      stake: stakeOf({ positions: [], commands: [], unmade: [unmade({ approved_ms: NOW - 1_000 })] }),
    });
    expect(waits).toMatchObject({ unmade: ['u1'], acted: true, end: null, nextMs: NOW });
    const later = plan({
      stake: stakeOf({ positions: [], commands: [], unmade: [unmade({ approved_ms: NOW })] }),
    });
    expect(later).toMatchObject({ unmade: [], end: 'failed' });
  });

  it('is looked at again in half its age, at least a second and at most a minute, and at its end', () => {
    const unknown = stakeOf({ positions: [], commands: [stakeCommand({ state: 'unknown' })] });
    const pause = (ageMs: number, leftMs = DAY_MS) =>
      plan({ stake: unknown, createdMs: NOW - ageMs, expiresMs: NOW + leftMs }).nextMs - NOW;
    expect([pause(0), pause(5_000), pause(60_000), pause(3_600_000)]).toEqual([1_000, 2_500, 30_000, 60_000]);
    expect(pause(60_000, 7_000)).toBe(7_000);
  });
});

describe('the end of a close', () => {
  const end = (over: Partial<ExitFacts>, nowMs = NOW) => {
    const { end: how, reason, orders, drop, withdraw } = plan(over, nowMs);
    expect([orders, drop, withdraw]).toEqual([[], [], []]);
    return [how, reason];
  };

  it('is done when nothing is left and it has closed or taken back anything', () => {
    expect(end({ stake: flat, legs: [leg()] })).toEqual(['done', null]);
    expect(end({ stake: flat, acted: true })).toEqual(['done', null]);
    expect(end({ stake: flat })).toEqual(['failed', 'nothing-to-close']);
    expect(end({ legs: [leg()] }), 'all that was approved').toEqual(['done', null]);
  });

  it('is what the broker has refused for good, once nothing else is under way', () => {
    const failed = leg({ state: 'failed', reason: 'retcode-10013', filled: null });
    expect(end({ legs: [failed] })).toEqual(['failed', 'retcode-10013']);
    for (const reason of ['price_outside_band', 'bridge-refused', 'account-rebound', 'invalid_order'])
      expect(end({ legs: [{ ...failed, reason }] }), reason).toEqual(['failed', reason]);
    const two = stakeOf({
      positions: [stakePosition(), stakePosition({ identifier: '8', number: '2' })],
      commands: [
        stakeCommand(),
        stakeCommand({ id: 'c2', number: '2', position_id: '8', order_ticket: '8' }),
      ],
    });
    expect(plan({ stake: two, terms: terms('0.2'), legs: [failed] })).toMatchObject({
      ...{ end: null, orders: [{ pre: { position_id: '8' } }] },
    });
  });

  it('is not yet where a position’s orders were used up: the next one follows after ten minutes', () => {
    for (const reason of [
      ...[
        'retcode-10018',
        'retcode-10024',
        'retcode-10004',
        'retcode-10027',
        'retcode-10036',
        'not-executed',
      ],
      ...['bridge-unreachable', 'bridge-circuit-open', 'disconnected', 'login_mismatch', 'command-expired'],
    ]) {
      const used = leg({ state: 'failed', reason, filled: null, resolved_ms: NOW });
      expect(plan({ legs: [used] }), reason).toMatchObject({ orders: [], end: null, reason });
      expect(plan({ legs: [used] }, NOW + 599_999).orders, reason).toEqual([]);
      expect(plan({ legs: [used] }, NOW + 600_000).orders, reason).toHaveLength(1);
    }
  });

  it('comes with its time, by the name of what it waited for', () => {
    const late = NOW + DAY_MS;
    expect(end({}, late)).toEqual(['failed', 'close-expired']);
    const used = leg({ state: 'failed', reason: 'retcode-10018', filled: null, resolved_ms: late });
    expect(end({ legs: [used] }, late)).toEqual(['failed', 'retcode-10018']);
    expect(end({ stake: flat, legs: [leg()] }, late), 'nothing was left').toEqual(['done', null]);
  });

  it('comes with its signal’s cancellation, or where the account is nobody’s', () => {
    expect(end({ signalCancelled: true })).toEqual(['failed', 'signal-cancelled']);
    expect(end({ binding: null })).toEqual(['failed', 'account-unbound']);
  });
});

it('keeps its limits whatever stands: of each own position one order, within it, and in all within what was approved', () => {
  const census = caseCensus('orders', 'waits', 'done', 'failed', 'netting', 'others');
  const lots = fc.integer({ min: 1, max: 50 }).map((n) => new Big(n).div(100).toFixed());
  const states = fc.constantFrom(
    'created',
    'sent',
    'unknown',
    'placed',
    'done',
    'partial',
    'failed' as const,
  );
  const entry = fc.record({
    n: fc.integer({ min: 1, max: 4 }),
    state: states,
    volume: lots,
    own: fc.boolean(),
  });
  const close = fc.record({
    n: fc.integer({ min: 1, max: 4 }),
    state: states,
    filled: lots,
    recent: fc.boolean(),
  });
  const shown = fc.uniqueArray(fc.record({ n: fc.integer({ min: 1, max: 4 }), volume: lots }), {
    selector: (p) => p.n,
  });
  fc.assert(
    fc.property(
      fc.record({
        ...{ entries: fc.array(entry), closes: fc.array(close), shown, cap: lots },
        ...{ netting: fc.boolean(), acted: fc.boolean() },
      }),
      ({ entries, closes, shown: positions, cap, netting, acted }) => {
        const stake = stakeOf({
          positions: positions.map((p) =>
            stakePosition({ identifier: String(p.n), number: null, opened: {}, volume: p.volume }),
          ),
          commands: [
            ...entries.map((e, i) =>
              stakeCommand({
                ...{ id: `e${i}`, number: `1${i}`, state: e.state, volume: e.volume, own: e.own },
                ...{ filled: null, position_id: String(e.n), order_ticket: null },
              }),
            ),
            ...closes.map((c, i) =>
              stakeCommand({
                ...{ id: `x${i}`, kind: 'close', number: `2${i}`, side: 'sell', state: c.state },
                ...{ filled: c.filled, position_id: String(c.n), recent: c.recent },
              }),
            ),
          ],
        });
        const binding = { ...BINDING, marginMode: netting ? ('netting' as const) : ('hedging' as const) };
        const next = plan({ stake, binding, acted, terms: terms(cap) });
        const about = (o: (typeof next.orders)[number]) => o.pre.position_id;
        expect(new Set(next.orders.map(about)).size).toBe(next.orders.length);
        let total = new Big(0);
        for (const o of next.orders) {
          const position = positions.find((p) => String(p.n) === about(o));
          total = total.plus(o.order.volume);
          expect(new Big(o.order.volume).gt(0) && new Big(o.order.volume).lte(position?.volume ?? 0)).toBe(
            true,
          );
          expect(
            entries.some((e) => e.own && String(e.n) === about(o)),
            'its own',
          ).toBe(true);
          const busy = closes.some(
            (c) => String(c.n) === about(o) && ['created', 'sent', 'unknown'].includes(c.state),
          );
          expect(busy, 'one at a time').toBe(false);
          if (!netting) continue;
          const own = entries.filter((e) => e.own && String(e.n) === about(o));
          const most = own.reduce((sum, e) => sum.plus(e.volume), new Big(0));
          expect(new Big(o.order.volume).lte(most), 'what it filled').toBe(true);
        }
        expect(total.lte(cap)).toBe(true);
        expect(next.end === null || next.orders.length === 0).toBe(true);
        expect(next.end === 'done').toBe(next.reason === null);
        expect(next.end !== null || next.nextMs >= NOW).toBe(true);
        census.note('orders', next.orders.length > 0);
        census.note('waits', next.end === null && next.orders.length === 0);
        census.note('done', next.end === 'done');
        census.note('failed', next.end === 'failed');
        census.note('netting', netting && next.orders.length > 0);
        census.note('others', entries.some((e) => !e.own) && next.orders.length > 0);
      },
    ),
    runs(1_000),
  );
  census.expectAllMet();
});
