// When the guards of a running broker look: by their grid, and at the moment from which on something is to close.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { guardLook, takeGuardOrder } from '../../../../infra/local/broker/bridge-guard.ts';
import { BrokerHost } from '../../../../infra/local/broker/broker-host.ts';
import { answerControl } from '../../../../infra/local/broker/control-server.ts';
import type { GuardOrder } from '../../../../infra/local/broker/guard-order.ts';
import { GuardRounds } from '../../../../infra/local/broker/guard-rounds.ts';

const LOGIN = '1001';
const BEGAN_MS = Date.parse('2026-03-03T10:00:00Z');
const ORDER: GuardOrder = {
  ...{ version: 1, login: LOGIN, server: 'Sim-Demo', armed: true, scope: 'all', namespace: 4 },
  ...{ units: '10000', peak: '1', balance: '10000', credit: '0', booked_to: '90000001' },
  ...{ trip_bps: 2_000, hard_bps: 2_500, equity_floor: null, warning_ms: 10_000 },
  ...{ close: null, latched: false },
};

let host: BrokerHost;
let rounds: GuardRounds;
let hurried: number[];
const said = (path: string, body: object) => {
  const { status, body: answer } = answerControl(host, `POST ${path}`, body);
  expect(status, JSON.stringify(answer)).toBe(200);
};
const nowMs = () => Date.now() - BEGAN_MS;
/** Orders a close from so many milliseconds after the beginning on, by the other side's clock. */
const ordered = (version: number, atMs: number | null) => {
  const not_before = new Date(BEGAN_MS + (atMs ?? 0)).toISOString();
  const close = atMs === null ? null : { trip_id: `trip-${atMs}`, not_before, revocable: true };
  const { engine } = host;
  takeGuardOrder(host.bridgeContext(), LOGIN, { ...ORDER, version, close }, engine.account(LOGIN));
};
const open = () => host.engine.state.positionsOf(LOGIN).length;
/** When the last position was closed, to a millisecond; null: not within that time. */
async function closedWithin(ms: number): Promise<number | null> {
  for (let n = 0; n < ms && open() > 0; n += 1) await vi.advanceTimersByTimeAsync(1);
  return open() > 0 ? null : nowMs();
}
const bought = () => said('/manual-trade', { login: LOGIN, symbol: 'XAUUSD', side: 'buy', volume: '0.2' });

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'],
    now: BEGAN_MS,
  });
  host = new BrokerHost({ dir: null, seed: 7, realNowMs: () => Date.now() });
  said('/accounts', {
    login: LOGIN,
    server: 'Sim-Demo',
    currency: 'USD',
    margin_mode: 'hedging',
    balance: '10000',
  });
  bought();
  hurried = [];
  rounds = new GuardRounds(host, () => hurried.push(nowMs()));
});
afterEach(() => {
  rounds.stop();
  host.close();
  vi.useRealTimers();
});

it('close at the very moment that was ordered, whatever their grid', async () => {
  ordered(1, 5_123);
  expect(await closedWithin(10_000)).toBe(5_123);
  expect(hurried, 'warned, then closing').toEqual([250, 5_123]);
});

it('begin with an order that comes between two looks and whose moment is over', async () => {
  ordered(1, null);
  await vi.advanceTimersByTimeAsync(1_000);
  ordered(2, 900);
  expect(await closedWithin(251)).toBeLessThanOrEqual(1_250);
});

it('go by the clock of the other side', async () => {
  ordered(1, 63_000);
  host.bridgeContext().guards.hear(LOGIN, Date.now(), 60_000);
  expect(await closedWithin(10_000)).toBe(3_000);
});

it('look every two seconds where nothing waits for a moment', async () => {
  ordered(1, null);
  const samples: number[] = [];
  const seen = () => host.bridgeContext().guards.state(LOGIN).equity;
  for (let n = 0, last = seen(); n < 140; n += 1, last = seen()) {
    said('/tick', { symbol: 'XAUUSD', bid: (2_000 + n / 100).toFixed(2) });
    await vi.advanceTimersByTimeAsync(50);
    if (seen() !== last) samples.push(nowMs());
  }
  expect(samples).toEqual([250, 2_250, 4_250, 6_250]);
});

it('repeat by the grid what could not be done at its moment', async () => {
  ordered(1, 1_000);
  said('/fault', { kind: 'reject:10018', login: LOGIN });
  expect(await closedWithin(10_000)).toBe(5_000);
  expect(guardLook(host.bridgeContext(), LOGIN, Date.now()).state.phase).toBe('closing');
});
