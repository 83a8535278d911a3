import { describe, expect, it } from 'vitest';
import { snapshotReply } from '../../functions/bridge/bridge-protocol.ts';
import { guardSample } from '../../functions/risk/guard-sample.ts';
import { wireDeal, wireOrder, wirePosition, wireSnapshot } from '../bridge/bridge-reply.ts';

const NAMESPACE = 7;
const MAGIC = String((BigInt(NAMESPACE) << 40n) | 16n);
const BOOKED = {
  ...{ booked: '1000', flowed: '1000', bookedBefore: null, namespace: NAMESPACE, bots: new Set<string>() },
};
const snapshot = (change: Record<string, unknown> = {}) =>
  snapshotReply.parse(wireSnapshot({ positions: [], orders: [], deals: [], history_orders: [], ...change }));

describe('what a guard judges', () => {
  it('calls ours what carries our magic number, or whose trade is a bot’s', () => {
    const positions = ['5', '6', '7'].map((ticket) =>
      wirePosition({ ticket, identifier: ticket, magic: ticket === '5' ? MAGIC : '0' }),
    );
    const orders = [wireOrder({ ticket: '8', magic: MAGIC }), wireOrder({ ticket: '9', magic: '12' })];
    const sample = guardSample(snapshot({ positions, orders }), { ...BOOKED, bots: new Set(['6']) }, []);
    expect(sample.positions.map((p) => [p.identifier, p.ours])).toEqual([
      ['5', true],
      ['6', true],
      ['7', false],
    ]);
    expect(sample.orders.map((o) => [o.ticket, o.ours])).toEqual([
      ['8', true],
      ['9', false],
    ]);
  });

  it('knows the highest deal that is booked, of now or before, by its number and not its spelling', () => {
    const of = (tickets: string[], bookedBefore: string | null) =>
      guardSample(
        snapshot({ deals: tickets.map((ticket) => wireDeal({ ticket })) }),
        { ...BOOKED, bookedBefore },
        [],
      ).bookedTo;
    expect(of([], null)).toBeNull();
    expect(of(['9', '10'], null)).toBe('10');
    expect(of(['9'], '18446744073709551616')).toBe('18446744073709551616');
  });

  it('is told the broker’s own stop-out where its bridge says it in percent, and what its guard reports', () => {
    const account = { ...snapshot().account, margin_level: '250.5', margin_so_so: '50' };
    const guard = {
      ...{ version: 3, phase: 'idle', trip_id: null, since: null, cause: null, equity: null, samples: 0 },
    };
    expect(guardSample(snapshot({ account, guard }), BOOKED, [])).toMatchObject({
      ...{ marginLevel: '250.5', marginStopOut: '50', bridge: { version: 3, phase: 'idle' } },
    });
    expect(guardSample(snapshot(), BOOKED, []).bridge).toBeNull();
  });
});
