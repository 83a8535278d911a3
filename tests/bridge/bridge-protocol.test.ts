import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  bridgeRequest,
  candlesReply,
  executeReply,
  guardReply,
  lookupReply,
  snapshotReply,
} from '../../functions/bridge/bridge-protocol.ts';
import {
  CAPTURED_MS,
  guardOrder,
  wireCandles,
  wireDeal,
  wireExecution,
  wireGuard,
  wireLookup,
  wireOrder,
  wirePosition,
  wireSnapshot,
} from './bridge-reply.ts';

const replies: [string, z.ZodType, Record<string, unknown>][] = [
  ['snapshot', snapshotReply, wireSnapshot()],
  ['execute', executeReply, wireExecution()],
  [
    'lookup',
    lookupReply,
    wireLookup({ deals: [wireDeal()], orders: [wireOrder()], positions: [wirePosition()] }),
  ],
  ['candles', candlesReply, wireCandles()],
  [
    'guard',
    guardReply,
    { v: 1, kind: 'guard', request_id: 'r', boot_id: 'b', seq: 1, guard: wireGuard({ trip_id: 't' }) },
  ],
];

/** Every path to a member of a reply, through the first row of each list. */
function paths(value: unknown, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const path = [...at, Array.isArray(value) ? Number(key) : key];
    return [...(Array.isArray(value) ? [] : [path]), ...paths(member, path)];
  });
}
const memberAt = (value: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], value);

/** A copy of the reply with the member at the path replaced, or taken out. */
function changed(
  reply: unknown,
  path: readonly (string | number)[],
  to: { value: unknown } | 'gone',
): unknown {
  const copy = structuredClone(reply);
  let place = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) place = place[key] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  if (to === 'gone') delete place[last];
  else place[last] = to.value;
  return copy;
}

describe.each(replies)('the reply to %s', (_kind, schema, reply) => {
  it('is accepted whole, and what it says beyond the protocol is ignored', () => {
    const parsed = schema.safeParse({ ...reply, terminal_build: 4000, extra: { a: 1 } });
    expect(parsed.success).toBe(true);
    expect(parsed.data).not.toHaveProperty('extra');
  });

  it('is refused without any one of its members', () => {
    const optional = ['time_done', 'refused'];
    const required = paths(reply).filter((p) => !optional.includes(String(p.at(-1))));
    expect(required.length).toBeGreaterThan(5);
    for (const path of required)
      expect(schema.safeParse(changed(reply, path, 'gone')).success, path.join('/')).toBe(false);
  });

  it('is refused where any member is of another kind', () => {
    const wrong = (member: unknown): unknown[] =>
      typeof member === 'boolean' ? ['true', 1] : [[[]], {}, 1.5, true];
    for (const path of paths(reply))
      for (const value of wrong(memberAt(reply, path)))
        expect(
          schema.safeParse(changed(reply, path, { value })).success,
          `${path.join('/')} as ${JSON.stringify(value)}`,
        ).toBe(false);
  });

  it('is refused in another version, or as another kind', () => {
    expect(schema.safeParse({ ...reply, v: 2 }).success).toBe(false);
    expect(schema.safeParse({ ...reply, kind: 'other' }).success).toBe(false);
    for (const junk of [null, undefined, [], 'reply', 5]) expect(schema.safeParse(junk).success).toBe(false);
  });
});

describe('a snapshot', () => {
  it('has its times in epoch milliseconds and its numbers as text, digit for digit', () => {
    const read = snapshotReply.parse(wireSnapshot());
    expect(read.captured_at).toBe(CAPTURED_MS);
    expect(read.deals[0]).toMatchObject({
      time: CAPTURED_MS - 60_000,
      price: '1.10000',
      magic: '7696581394448',
    });
    expect(read.positions[0]).toMatchObject({ sl: null, tp: '1.12000' });
  });

  it.each([
    ['a price as a number', { price: 1.1 }],
    ['a price with an exponent', { price: '1e3' }],
    ['a price with nine places', { price: '1.123456789' }],
    ['a price with a comma', { price: '1,1' }],
    ['a price of nothing', { price: '' }],
    ['a price with leading zeros', { price: '01.1' }],
    ['a price that is not a number', { price: 'NaN' }],
    ['a ticket as a number', { ticket: 5001 }],
    ['a ticket with a letter', { ticket: '5001a' }],
    ['a negative ticket', { ticket: '-1' }],
    ['a ticket of 21 digits', { ticket: '1'.repeat(21) }],
    ['an entry that MT5 does not know', { entry: 'both' }],
    ['a time without a zone', { time: '2026-03-02T10:00:00' }],
    ['a time of the broker’s clock', { time: '2026.03.02 10:00:00' }],
    ['a time as a number', { time: 1 }],
    ['a symbol of 101 characters', { symbol: 'x'.repeat(101) }],
    ['a magic of 21 digits', { magic: '1'.repeat(21) }],
    ['a magic that is no whole number', { magic: '1.5' }],
  ])('with %s in a deal is refused', (_what, change) => {
    expect(snapshotReply.safeParse(wireSnapshot({ deals: [wireDeal(change)] })).success).toBe(false);
  });

  it.each([
    ['money', { profit: '-1234567890.12', commission: '-0', swap: '0.00000001' }],
    ['a deposit without a side', { type: 'balance', entry: null, symbol: '', order: '0', position_id: '0' }],
    ['a magic of 64 bits', { magic: '18446744073709551615' }],
    ['a time with an offset', { time: '2026-03-02T12:00:00+02:00' }],
  ])('with %s in a deal is accepted', (_what, change) => {
    expect(snapshotReply.safeParse(wireSnapshot({ deals: [wireDeal(change)] })).success).toBe(true);
  });

  it.each([
    ['0', '0'],
    ['7696581394448', '7696581394448'],
    ['9223372036854775807', '9223372036854775807'],
    // Unsigned as MT5 writes it and signed as PostgreSQL does are the same 64 bits.
    ['9223372036854775808', '-9223372036854775808'],
    ['18446744073709551611', '-5'],
    ['-5', '-5'],
    ['18446744073709551617', '1'],
  ])('has the magic %s as %s, wherever one stands', (said, read) => {
    const rows = { deals: [wireDeal({ magic: said })], positions: [wirePosition({ magic: said })] };
    const history_orders = [wireOrder({ magic: said })];
    const snapshot = snapshotReply.parse(wireSnapshot({ ...rows, history_orders, highest_magic: said }));
    const { deals, positions, highest_magic } = snapshot;
    const found = [...deals, ...positions, ...snapshot.history_orders].map((row) => row.magic);
    expect([...found, highest_magic]).toEqual([read, read, read, read]);
  });

  it('has texts that can be stored: what cannot be is replaced, and a remark is as long as it is evidence', () => {
    const deal = { comment: 'a\u0000b\ud800c', symbol: 'X\u0000', external_id: `${'x'.repeat(99)}😀` };
    const snapshot = wireSnapshot({ deals: [wireDeal(deal)], boot_id: 'b\udc00' });
    const read = snapshotReply.parse(snapshot);
    expect(read.deals[0]).toMatchObject({
      ...{ comment: 'a\ufffdb\ufffdc', symbol: 'X\ufffd', external_id: `${'x'.repeat(99)}\ufffd` },
    });
    expect(read.boot_id).toBe('b\ufffd');
    const long = snapshotReply.parse(wireSnapshot({ deals: [wireDeal({ comment: 'y'.repeat(5_000) })] }));
    expect(long.deals[0]?.comment).toBe('y'.repeat(100));
    const said = { reason: 'a\u0000', broker_comment: '\ud800' };
    expect(executeReply.parse(wireExecution(said)).result).toMatchObject({
      ...{ reason: 'a\ufffd', broker_comment: '\ufffd' },
    });
  });

  it.each([
    ['positions', 2_000, wirePosition()],
    ['deals', 10_000, wireDeal()],
  ])('holds at most its number of %s', (name, most, row) => {
    const rows = Array.from({ length: most }, () => row);
    expect(snapshotReply.safeParse(wireSnapshot({ [name]: rows })).success).toBe(true);
    expect(snapshotReply.safeParse(wireSnapshot({ [name]: [...rows, row] })).success).toBe(false);
  });

  it('has a number that only counts up from zero, and a boot', () => {
    for (const change of [
      { seq: -1 },
      { seq: 1.5 },
      { seq: '7' },
      { boot_id: '' },
      { boot_id: 'x'.repeat(101) },
    ])
      expect(snapshotReply.safeParse(wireSnapshot(change)).success, JSON.stringify(change)).toBe(false);
  });
});

describe('what a bridge’s own guard says', () => {
  it('comes with a snapshot, and one that says nothing of it has none', () => {
    expect(snapshotReply.parse(wireSnapshot()).guard).toBeUndefined();
    const { guard, account } = snapshotReply.parse(wireSnapshot({ guard: wireGuard() }));
    expect(guard).toEqual({ ...wireGuard(), since: CAPTURED_MS - 4_000 });
    expect(account.margin_so_so).toBeUndefined();
  });

  it.each([
    ['a phase that we do not know', { phase: 'suspect' }],
    ['a version that is none', { version: -1 }],
    ['an equity as a number', { equity: 7400 }],
    ['half a sample', { samples: 0.5 }],
  ])('with %s fails the snapshot', (_what, change) => {
    expect(snapshotReply.safeParse(wireSnapshot({ guard: wireGuard(change) })).success).toBe(false);
  });

  it('is told nothing by a snapshot’s request, or an order', () => {
    const head = { v: 1, request_id: 'r', sent_at: '2026-03-02T10:00:00.000Z' };
    const asked = { ...head, kind: 'snapshot', deals_from: null, deals_to: null };
    expect(bridgeRequest.parse(asked)).toEqual(asked);
    for (const request of [
      { ...asked, guard: guardOrder },
      { ...head, kind: 'guard', guard: guardOrder },
    ])
      expect(bridgeRequest.parse(request)).toEqual(request);
    expect(bridgeRequest.safeParse({ ...head, kind: 'guard' }).success).toBe(false);
  });
});

describe('a result', () => {
  it('is one of the outcomes that we know, and a failed one has no tickets', () => {
    const failed = { outcome: 'failed', retcode: 10019, order: null, deal: null, price: null, volume: null };
    expect(executeReply.safeParse(wireExecution({ ...failed, reason: 'no money' })).success).toBe(true);
    expect(executeReply.safeParse(wireExecution({ outcome: 'ok' })).success).toBe(false);
    expect(executeReply.safeParse(wireExecution({ reason: 'x'.repeat(301) })).success).toBe(false);
  });
});
