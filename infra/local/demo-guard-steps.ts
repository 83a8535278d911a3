/**
 * The guard's part of the demo: equity falls by more than a fifth, the warning arrives, everything closes, and the latch holds
 * until a person opens it. Judged as all of it is, through the public API and the broker's own state alone.
 */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { Big } from 'big.js';
import type { ApiClient, Json } from './api-client.ts';
import type { DemoStep } from './demo-steps.ts';

/** What the steps of the demo have in common. */
export type DemoDesk = {
  symbol: string;
  account: { id: string; login: string };
  user: ApiClient;
  owner: ApiClient;
  /** The broker's whole state, and its control. */
  state(): Promise<Json>;
  broker(path: string, body: unknown): Promise<Json>;
  /** Has the account looked at until the books took it. */
  reconcile(): Promise<Json>;
  until<T>(what: string, look: () => Promise<T | null>): Promise<T>;
  /** A fresh signal, stored and countersigned; its id. */
  countersigned(): Promise<string>;
};

/** Of the equity: what the position binds, so that a small move of the price is a large loss. */
const MARGIN_SHARE = '0.45';
/** The price falls by so much at a time, as a market does. */
const STEP = '0.999';
/** More than the fifth at which the guard closes, and less than what it closes at once. */
const FALL = '0.785';

/** The steps in order. */
export function demoGuardSteps(desk: DemoDesk): DemoStep[] {
  const { user, symbol, state, broker } = desk;
  const path = `/api/v1/accounts/${desk.account.id}/guard`;
  const own = async (): Promise<Json> =>
    (await state()).accounts.find((a: Json) => a.login === desk.account.login);
  const guard = (): Promise<Json> => user.get(path);
  const alertOf = async (kind: string): Promise<Json> =>
    (await user.get('/api/v1/alerts')).items.find((a: Json) => a.kind === kind) ?? null;

  /** Bought by hand, and the price lets go. */
  const fall = async (): Promise<void> => {
    const { equity } = await own();
    const spec = (await state()).symbols.find((s: Json) => s.symbol === symbol);
    const volume = new Big(equity).times(MARGIN_SHARE).div(spec.margin_per_lot).toFixed(2, Big.roundDown);
    await broker('/manual-trade', { login: desk.account.login, symbol, side: 'buy', volume });
    await desk.reconcile();
    for (let bid = new Big(spec.bid); new Big((await own()).equity).gt(new Big(equity).times(FALL)); ) {
      bid = bid.times(STEP).round(spec.digits, Big.roundDown);
      await broker('/tick', { symbol, bid: bid.toFixed() });
    }
  };

  return [
    {
      name: 'equity falls by more than a fifth, and the guard warns before it acts',
      run: async () => {
        await fall();
        const warned = await desk.until('the warning', async () => {
          await desk.reconcile();
          // A market that is open goes on giving quotes, and without a newer one nothing is sure. The broker's clock is held
          // since the nights that passed.
          await broker('/clock', { advance_seconds: 1 });
          await broker('/tick', { symbol, steps: 1 });
          return await alertOf('guard-warned');
        });
        const { phase, trip, drawdown_percent } = await guard();
        deepStrictEqual([phase, trip.cause], ['warned', 'drawdown']);
        strictEqual((await own()).positions.length, 1, 'it closed before its time');
        return `${drawdown_percent.toFixed(2)} % below the peak; alert ${warned.kind}, closing at ${trip.deadline_at}`;
      },
    },
    {
      name: 'ten seconds later everything closes',
      run: async () => {
        await desk.until('nothing is left', async () => ((await own()).positions.length === 0 ? true : null));
        const latched = await desk.until('the latch', async () => {
          await desk.reconcile();
          const now = await guard();
          return now.phase === 'flat_latched' ? now : null;
        });
        const { trip } = latched;
        ok(trip.triggered_at >= trip.deadline_at, 'it closed before its time');
        const told: Json = await user.get(`${path}/trips/${trip.trip_id}`);
        const [closed] = told.explanation.closed;
        return `triggered at ${trip.triggered_at}, flat at ${trip.flat_at}; ${closed.volume} lots at ${closed.price}, net ${closed.net}`;
      },
    },
    {
      name: 'the latch holds until a person opens it',
      run: async () => {
        const signal = await desk.countersigned();
        const refused = await desk.until('the refusal', async () => {
          const seen: Json = await user.get(`/api/v1/signals/${signal}`);
          return seen.status === 'failed' ? seen : null;
        });
        strictEqual(refused.refusal, 'guard-latched');
        await desk.owner.post(`${path}/rearm`, { reason: 'looked at what happened' });
        strictEqual((await guard()).phase, 'armed');
        return `a countersigned signal is refused (${refused.refusal}); re-armed by the owner, with a reason`;
      },
    },
  ];
}
