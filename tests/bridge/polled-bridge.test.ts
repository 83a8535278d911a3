import { describe, expect, it } from 'vitest';
import { polledBridge } from '../../functions/bridge/polled-bridge.ts';
import { syncRequest } from '../../functions/bridge/sync-protocol.ts';
import {
  CAPTURED_MS,
  guardOrder,
  iso,
  wireCandles,
  wireExecution,
  wireLookup,
  wireSnapshot,
} from './bridge-reply.ts';

const NOW_MS = CAPTURED_MS + 500;
const COMMAND = { cmdId: '0199c7a0-0000-7000-8000-0000000000c1', attempt: 1, magic: '7696581394449' };
const WANTED = { symbol: 'US:500 %x', timeframe: 'M5', count: 3, window: { fromMs: 1_000, toMs: 2_000 } };

/** The bridge that brought this with its request. */
const brought = (over: Record<string, unknown> = {}, nowMs = NOW_MS) =>
  polledBridge(
    syncRequest.parse({
      ...{ v: 1, kind: 'sync', request_id: 'r', sent_at: iso(NOW_MS), deals_from: null, snapshot: null },
      ...{ replies: [] },
      ...over,
    }),
    nowMs,
  );
const DEFERRED = { kind: 'no-reply', effect: 'unknown', word: 'deferred' };

describe('a snapshot', () => {
  const since = (deals_from: number | null) =>
    brought({ snapshot: wireSnapshot(), deals_from: deals_from === null ? null : iso(deals_from) });

  it.each([
    ['from the beginning, for anything', null, 5_000, true],
    ['from the beginning, for the beginning', null, null, true],
    ['from just then', 5_000, 5_000, true],
    ['from earlier', 4_999, 5_000, true],
    ['from later', 5_001, 5_000, false],
    ['from any time, for the beginning', 0, null, false],
  ])('that tells deals %s', async (_what, fromMs, neededMs, answers) => {
    const reply = await since(fromMs).snapshot(neededMs);
    expect(reply).toEqual(answers ? { kind: 'reply', value: expect.anything() } : DEFERRED);
  });

  it('that was not brought is no answer, and needs no request: each exchange brings one', async () => {
    const bridge = brought();
    expect(await bridge.snapshot(null)).toEqual(DEFERRED);
    expect(bridge.requests).toEqual([]);
  });
});

describe('a command', () => {
  it('goes into the reply, and its result is found by nothing but what it names', async () => {
    const bridge = brought({ replies: [wireExecution(), wireExecution({ attempt: 1 })] });
    const command = {
      ...{ cmd_id: COMMAND.cmdId, attempt: 1, kind: 'open' as const, expires_at: iso(NOW_MS + 30_000) },
      pre: { login: '1', server: 's', symbol: 'EURUSD' },
      order: { symbol: 'EURUSD', type: 'buy' as const, volume: '0.1' },
      evidence: { magic: COMMAND.magic, comment: 'c' },
    };
    expect(await bridge.execute(command)).toEqual(DEFERRED);
    expect(bridge.requests).toEqual([
      { v: 1, kind: 'execute', request_id: `${COMMAND.cmdId}:1`, sent_at: iso(NOW_MS), command },
    ]);
    expect(bridge.results.map((r) => r.attempt)).toEqual([undefined, 1]);
  });
});

describe('an order to the guard', () => {
  it('goes out with our reply, the last one that was given, and is no request', async () => {
    const bridge = brought();
    expect(bridge.guardOrder).toBeNull();
    for (const version of [4, 5]) expect(await bridge.guard({ ...guardOrder, version })).toEqual(DEFERRED);
    expect(bridge.guardOrder).toEqual({ ...guardOrder, version: 5 });
    expect(bridge.requests).toEqual([]);
  });
});

describe('a look-up', () => {
  /** The id under which it was asked for at a time. */
  const idAt = async (atMs: number): Promise<string> => {
    const bridge = brought({}, atMs);
    expect(await bridge.lookup(COMMAND)).toEqual(DEFERRED);
    const [request] = bridge.requests;
    expect(request).toMatchObject({ kind: 'lookup', cmd_id: COMMAND.cmdId, magic: COMMAND.magic });
    return request?.request_id ?? '';
  };
  const answered = async (...ids: string[]) => {
    const bridge = brought({ replies: ids.map((request_id) => wireLookup({ request_id })) });
    return { reply: await bridge.lookup(COMMAND), requests: bridge.requests };
  };

  it('is answered by what a later exchange brings, as of when it was asked for', async () => {
    const id = await idAt(NOW_MS - 2_000);
    const { reply, requests } = await answered(id);
    expect(reply).toMatchObject({
      ...{ kind: 'reply', askedMs: NOW_MS - 2_000 },
      value: { journal: 'absent', request_id: id },
    });
    expect(requests).toEqual([]);
  });

  it('that is brought again is as old as it was, and the newest counts', async () => {
    const [old, newer] = [await idAt(NOW_MS - 30_000), await idAt(NOW_MS - 2_000)];
    expect((await answered(old, newer, old)).reply).toMatchObject({ askedMs: NOW_MS - 2_000 });
    expect((await answered(old)).reply).toMatchObject({ askedMs: NOW_MS - 30_000 });
  });

  it('that was asked for more than a minute ago, or later than now, is made anew', async () => {
    for (const atMs of [NOW_MS - 60_001, NOW_MS + 1]) {
      const { reply, requests } = await answered(await idAt(atMs));
      expect(reply).toEqual(DEFERRED);
      expect(requests).toHaveLength(1);
    }
  });

  it('of another attempt or command, or under an id that is none of ours, is no answer to this', async () => {
    const id = await idAt(NOW_MS);
    const others = [
      id.replace(':1:', ':0:'),
      id.replace(':1:', ':11:'),
      id.replace('c1', 'c2'),
      `${id}x`,
      id.replace(String(NOW_MS), ''),
      '',
      COMMAND.cmdId,
    ];
    expect(others.every((other) => other !== id)).toBe(true);
    const { reply, requests } = await answered(...others);
    expect(reply).toEqual(DEFERRED);
    expect(requests).toHaveLength(1);
  });
});

describe('bars', () => {
  it('are asked for under an id that says what they are, whatever the symbol is called', async () => {
    const first = brought();
    expect(await first.candles(WANTED)).toEqual(DEFERRED);
    const [request] = first.requests;
    const { symbol, timeframe, count } = WANTED;
    expect(request).toMatchObject({
      kind: 'candles',
      symbol,
      timeframe,
      count,
      from: iso(1_000),
      to: iso(2_000),
    });
    const reply = wireCandles({ request_id: request?.request_id });
    const later = brought({
      replies: [
        reply,
        wireCandles({ request_id: 'candles:%' }),
        wireCandles({ request_id: `candles:${'x'.repeat(101)}` }),
        wireCandles(),
      ],
    });
    expect(later.broughtCandles).toMatchObject([{ symbol, timeframe, reply: { kind: 'candles' } }]);
    expect(await later.candles(WANTED)).toMatchObject({ kind: 'reply' });
    expect(await later.candles({ ...WANTED, count: 4 })).toEqual(DEFERRED);
  });
});
