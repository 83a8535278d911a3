// The simulated bridge's guard: what it is told over the wire, what it does by its own clock, and what its journal keeps.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BrokerHost } from '../../../../infra/local/broker/broker-host.ts';
import { listen } from '../../../../infra/local/broker/broker-server.ts';
import { answerControl } from '../../../../infra/local/broker/control-server.ts';
import type { GuardOrder } from '../../../../infra/local/broker/guard-order.ts';
import { inMemoryBroker } from '../../../../infra/local/broker/in-memory-broker.ts';
import { BRIDGE_ID, callInProcess, openCommand, SECRET } from './bridge-caller.ts';

const LOGIN = '1001';
const NOW = Date.parse('2026-03-03T10:00:00Z');
/** Of the commands that these tests send: their magic >> 40. */
const NAMESPACE = 4;
/** The deal that brought the account its money, the broker's first. */
const DEPOSIT = '90000001';

type Look = {
  phase: string;
  rejected: string | null;
  urgent: boolean;
  actions: { kind: string; ticket: string }[];
};
type Report = {
  version: number | null;
  phase: string;
  cause: string | null;
  trip_id: string | null;
  samples: number;
};
type Guard = {
  enabled: boolean;
  urgent: boolean;
  looks: Look[];
  report: Report;
  results: { retcode: number; action: { ticket: string } }[];
};

let host: BrokerHost;
let dir: string | null;
const said = <T>(path: string, body: object): T => {
  const answer = answerControl(host, `POST ${path}`, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body as T;
};
const guard = (asked: object = {}) => said<Guard>('/guard', { login: LOGIN, ...asked });
/** Looks of the guard while the market's clock, and with it the bridge's, goes on two seconds each. */
const looks = (count = 1): Guard => {
  let last = guard();
  for (let i = 0; i < count; i += 1) {
    said('/clock', { advance_seconds: 2 });
    last = guard({ steps: 1 });
  }
  return last;
};
const envelope = (kind: string, more: object) => ({
  ...{ v: 1, kind, request_id: 'r', sent_at: new Date(host.realNowMs()).toISOString(), ...more },
});
const ask = (kind: string, more: object = {}) => callInProcess(host, envelope(kind, more));
const reported = async (more: object = {}): Promise<Report | undefined> => {
  const { json } = await ask('snapshot', { deals_from: null, ...more });
  return (json as unknown as { guard?: Report }).guard;
};
const order = (over: Partial<GuardOrder> = {}): GuardOrder => ({
  ...{ version: 1, login: LOGIN, server: 'Sim-Demo', armed: true, scope: 'all', namespace: NAMESPACE },
  ...{ units: '10000', peak: '1', balance: '10000', credit: '0', booked_to: DEPOSIT },
  ...{
    trip_bps: 2_000,
    hard_bps: 2_500,
    equity_floor: null,
    warning_ms: 10_000,
    close: null,
    latched: false,
  },
  ...over,
});
const closing = (afterMs = 0): Partial<GuardOrder> => ({
  close: {
    ...{ trip_id: 'trip-1', revocable: true },
    not_before: new Date(host.realNowMs() + afterMs).toISOString(),
  },
});
const told = (over: Partial<GuardOrder> = {}) => ask('guard', { guard: order(over) });
const bought = (symbol: string, volume: string): string => {
  const trade = said<{ order: string }>('/manual-trade', { login: LOGIN, symbol, side: 'buy', volume });
  return trade.order;
};
const open = () => host.engine.state.positionsOf(LOGIN).map((row) => row.ticket);
const tick = (bid: string) => said('/tick', { symbol: 'XAUUSD', bid });

const begin = (): void => {
  const terms = { server: 'Sim-Demo', currency: 'USD', margin_mode: 'hedging', balance: '10000' };
  said('/accounts', { login: LOGIN, ...terms });
  said('/bridges', { bridge_id: BRIDGE_ID, secret: SECRET, login: LOGIN });
  said('/symbols', { symbol: 'XAUUSD', spread: 0 });
  tick('2000');
};
beforeEach(() => {
  dir = null;
  host = inMemoryBroker({ seed: 7, nowMs: NOW });
  begin();
});
afterEach(() => {
  host.close();
  if (dir !== null) rmSync(dir, { recursive: true });
});

describe('a bridge with the feature', () => {
  it('reports with each snapshot, and takes orders by request or with one', async () => {
    expect(await reported()).toMatchObject({ version: null, phase: 'idle', cause: null, samples: 0 });
    const { status, json } = await told();
    expect([status, json]).toMatchObject([200, { kind: 'guard', guard: { version: 1, phase: 'idle' } }]);
    expect(await reported({ guard: order({ version: 2 }) })).toMatchObject({ version: 2 });
    expect(await reported({ guard: { version: 3 } }), 'one that cannot be read is none').toMatchObject({
      version: 2,
    });
    expect((await ask('guard', { guard: { version: 3 } })).status).toBe(422);
    expect(await reported({ guard: order({ version: 3, login: '1002' }) })).toMatchObject({
      ...{ version: 2, refused: 'login' },
    });
  });

  it('closes at a hard breach by itself, pendings first and the largest loss first, and books what it did', async () => {
    const [small, large] = [bought('XAUUSD', '0.05'), bought('XAUUSD', '0.2')];
    const pending = said<{ order: string }>('/manual-trade', {
      ...{ login: LOGIN, symbol: 'XAUUSD', place: 'buy_limit', volume: '0.1', price: '1500' },
    }).order;
    await told();
    looks(1);
    tick('1890');
    expect(looks(1)).toMatchObject({ urgent: true, report: { phase: 'idle', samples: 1 }, results: [] });
    const done = looks(1);
    expect(done).toMatchObject({ urgent: true, report: { phase: 'closing', cause: 'hard-drawdown' } });
    expect(done.looks[0]?.actions.map((action) => action.ticket)).toEqual([pending, large, small]);
    expect(done.results.map((result) => [result.action.ticket, result.retcode])).toEqual([
      ...[
        [pending, 10_009],
        [large, 10_009],
        [small, 10_009],
      ],
    ]);
    expect(open()).toEqual([]);
    expect(looks(2).report).toMatchObject({ phase: 'flat', cause: 'hard-drawdown' });
    const deals = host.engine.state.dealsOf(LOGIN).filter((deal) => deal.entry === 'out');
    expect(deals.map(({ magic, comment, reason }) => [magic, comment, reason])).toEqual([
      ...[
        ['0', 'csguard', 'expert'],
        ['0', 'csguard', 'expert'],
      ],
    ]);
    expect(await reported()).toMatchObject({ phase: 'flat', trip_id: null });
  });

  it('does not take a deposit or a withdrawal for a rise or a fall', async () => {
    bought('XAUUSD', '0.1');
    await told();
    looks(1);
    said('/deposit', { login: LOGIN, amount: '-6000' });
    expect(looks(3)).toMatchObject({ report: { phase: 'idle', samples: 0 } });
    said('/deposit', { login: LOGIN, amount: '6000' });
    looks(1);
    tick('1740');
    expect(looks(2)).toMatchObject({ report: { phase: 'closing', cause: 'hard-drawdown' } });
  });

  it('warns by itself at an ordinary breach only while the cloud is silent, and takes three looks and a warning', async () => {
    bought('XAUUSD', '0.2');
    await told();
    tick('1890');
    expect(looks(5).report).toMatchObject({ phase: 'idle', samples: 5 });
    said('/clock', { advance_seconds: 52 });
    expect(looks(3).report).toMatchObject({ phase: 'warned', cause: 'drawdown' });
    expect(looks(4).report).toMatchObject({ phase: 'warned' });
    expect(looks(1).report).toMatchObject({ phase: 'closing' });
    expect(open()).toEqual([]);
  });

  it('closes what was ordered at its time, over a restart, and what the broker refuses again and again', async () => {
    const ticket = bought('XAUUSD', '0.2');
    await told(closing(6_000));
    expect(looks(2).report).toMatchObject({ phase: 'warned', trip_id: 'trip-1' });
    said('/restart', {});
    said('/fault', { kind: 'requote', login: LOGIN });
    expect(looks(1).results.map((result) => result.retcode)).toEqual([10_004]);
    said('/symbols', { symbol: 'XAUUSD', market: 'closed' });
    expect(looks(1).results.map((result) => result.retcode)).toEqual([10_004, 10_018]);
    expect(open()).toEqual([ticket]);
    said('/restart', {});
    said('/symbols', { symbol: 'XAUUSD', market: 'open' });
    expect(looks(4).results.map((result) => result.retcode)).toEqual([10_004, 10_018, 10_009]);
    expect(open()).toEqual([]);
  });

  it('goes on with the rest where a close is filled in part or is more than the broker takes at once', async () => {
    bought('XAUUSD', '0.4');
    await told(closing());
    said('/fault', { kind: 'partial_fill', login: LOGIN });
    expect(looks(1).results.map((result) => result.retcode)).toEqual([10_010]);
    said('/symbols', { symbol: 'XAUUSD', volume_max: '0.15' });
    looks(2);
    const out = host.engine.state.dealsOf(LOGIN).filter((deal) => deal.entry === 'out');
    expect(out.map((deal) => deal.volume)).toEqual(['0.2', '0.15', '0.05']);
  });

  it('closes once what it died over, before or behind the sending', async () => {
    bought('XAUUSD', '0.2');
    bought('XAUUSD', '0.1');
    await told(closing());
    said('/fault', { kind: 'crash_after_intent', login: LOGIN });
    expect(() => looks(1)).toThrow('crashed');
    said('/fault', { kind: 'crash_after_send', login: LOGIN });
    expect(() => looks(1)).toThrow('crashed');
    expect(open()).toHaveLength(1);
    looks(1);
    const out = host.engine.state.dealsOf(LOGIN).filter((deal) => deal.entry === 'out');
    expect([open(), out.map((deal) => deal.volume)]).toEqual([[], ['0.2', '0.1']]);
  });

  it('leaves what others hold where its scope is its own', async () => {
    const theirs = bought('XAUUSD', '0.2');
    const expires_at = new Date(host.realNowMs() + 30_000).toISOString();
    await ask('execute', { command: openCommand({ expires_at }) });
    expect(open()).toHaveLength(2);
    await told({ scope: 'own', ...closing() });
    expect(looks(3).report).toMatchObject({ phase: 'flat' });
    expect(open()).toEqual([theirs]);
  });

  it('on a netting account closes the position as it stands, and never turns it', async () => {
    const login = '1002';
    said('/accounts', {
      ...{ login, server: 'Sim-Demo', currency: 'USD', margin_mode: 'netting', balance: '10000' },
    });
    said('/bridges', { bridge_id: 'bridge-2', secret: SECRET, login });
    const trade = (side: string, volume: string) =>
      said('/manual-trade', { login, symbol: 'XAUUSD', side, volume });
    trade('buy', '0.2');
    const asked = envelope('guard', { guard: order({ login, ...closing() }) });
    await callInProcess(host, asked, { login, bridgeId: 'bridge-2' });
    said('/fault', { kind: 'requote', login });
    said('/guard', { login, steps: 1 });
    trade('sell', '0.5');
    said('/clock', { advance_seconds: 2 });
    said('/guard', { login, steps: 1 });
    const { state } = host.engine;
    expect(state.positionsOf(login)).toEqual([]);
    const deals = state.dealsOf(login).map(({ type, entry, volume }) => [type, entry, volume]);
    expect(deals.slice(1)).toEqual([
      ...[
        ['buy', 'in', '0.2'],
        ['sell', 'inout', '0.5'],
        ['buy', 'out', '0.3'],
      ],
    ]);
  });

  it('does nothing that a newer order takes back', async () => {
    bought('XAUUSD', '0.2');
    await told(closing(4_000));
    expect(looks(1).report).toMatchObject({ phase: 'warned' });
    await told({ version: 2 });
    expect(looks(5).report).toMatchObject({ version: 2, phase: 'idle', trip_id: null });
    expect(open()).toHaveLength(1);
  });
});

describe('a bridge without the feature', () => {
  it('says nothing of a guard, overreads what a snapshot’s request says to it, and knows no such request', async () => {
    guard({ enabled: false });
    expect(await reported({ guard: order() })).toBeUndefined();
    expect(await told()).toMatchObject({ status: 422, json: { error: { code: 'invalid_envelope' } } });
    expect(guard()).toMatchObject({ enabled: false, report: { version: null } });
    said('/restart', {});
    expect(await reported()).toBeUndefined();
    guard({ enabled: true });
    expect(await reported({ guard: order() })).toMatchObject({ version: 1 });
  });
});

describe('the timer', () => {
  it('has the guard of a running broker look by itself, and one that is stepped is left to who steps it', async () => {
    host.close();
    dir = mkdtempSync(join(tmpdir(), 'countersign-guard-'));
    host = new BrokerHost({ dir, seed: 7, realNowMs: Date.now });
    begin();
    const { server } = await listen(host, 0);
    try {
      bought('XAUUSD', '0.2');
      guard({ steps: 1 });
      await told(closing());
      await new Promise((resolve) => setTimeout(resolve, 2_300));
      expect(open()).toHaveLength(1);
      host.steppedGuards.clear();
      await expect.poll(open, { timeout: 10_000 }).toEqual([]);
      await expect.poll(() => guard().report.phase, { timeout: 10_000 }).toBe('flat');
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('looks from a moment that is said, as often and as fast as is said', async () => {
    bought('XAUUSD', '0.2');
    await told(closing(10_000));
    const now = new Date(host.realNowMs() + 9_000).toISOString();
    const { looks: seen, report } = guard({ steps: 3, step_seconds: 0.5, now });
    expect(seen.map((look) => look.phase)).toEqual(['warned', 'warned', 'closing']);
    expect(report.phase).toBe('closing');
    expect(answerControl(host, 'POST /guard', { login: '9' })).toMatchObject({ status: 400 });
  });
});
