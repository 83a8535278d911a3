// A desk at the simulated broker whose guard trips when a test says so: what stands in its way from then on is the guard's own.
import { orderedTrip, stoppedTrip } from '../../functions/risk/guard-intervention.ts';
import { BLANK_STATE, type GuardState } from '../../functions/risk/guard-state.ts';
import type { DeskAtSimulator } from '../support/desk-at-simulator.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { ExitDesk, SECOND } from './exit-desk.ts';

type At = Pick<DeskAtSimulator, 'deps' | 'desk'>;

/** The id of a trip that begins now, over what its account was last shown to hold. */
export async function beginTrip(t: TestDatabase, at: At, scope: 'all' | 'own' = 'all'): Promise<string> {
  const nowMs = at.deps.clock.nowMs();
  const order = { cause: 'drawdown' as const, tripId: at.deps.ids.next(), scope, nowMs };
  const { state, trip } = orderedTrip(await readState(t, at), order);
  await t.sql(
    `INSERT INTO guard_trips (id, account_id, cause, shadow, scope, evidence, warned_at, deadline_at, triggered_at)
     VALUES ($1, $2, 'drawdown', false, $3, '{}', $4, $4, $4)`,
    [trip.tripId, at.desk.account.id, scope, new Date(nowMs)],
  );
  await storeState(t, at, state);
  return trip.tripId;
}

async function stopTrip(t: TestDatabase, at: At, tripId: string): Promise<void> {
  const stopped = stoppedTrip((await readState(t, at)) ?? BLANK_STATE);
  if (stopped === null) throw new Error('nothing is being closed');
  const now = new Date(at.deps.clock.nowMs());
  await t.sql('UPDATE guard_trips SET stopped_at = $2 WHERE id = $1', [tripId, now]);
  await storeState(t, at, stopped.state);
}

async function readState(t: TestDatabase, at: At): Promise<GuardState | null> {
  const [row] = await t.sql('SELECT state FROM guards WHERE account_id = $1', [at.desk.account.id]);
  return (row?.['state'] ?? null) as GuardState | null;
}

const storeState = (t: TestDatabase, at: At, state: GuardState) =>
  t.sql(
    `WITH g AS (INSERT INTO guards (account_id, state, updated_at) VALUES ($1, $2, now())
       ON CONFLICT (account_id) DO UPDATE SET state = excluded.state)
     UPDATE accounts SET guard_phase = $3, version = version + 1 WHERE id = $1`,
    [at.desk.account.id, JSON.stringify(state), state.phase],
  );

type Order = { kind: string; subject: string; state: string; attempt: number; reason: string | null };

export class LiquidationDesk {
  readonly d: ExitDesk;
  readonly #t: TestDatabase;
  tripId = '';

  private constructor(t: TestDatabase, d: ExitDesk) {
    this.#t = t;
    this.d = d;
  }

  static async make(t: TestDatabase, marginMode?: 'netting'): Promise<LiquidationDesk> {
    return new LiquidationDesk(t, await ExitDesk.make(t, marginMode));
  }

  get accountId(): string {
    return this.d.at.desk.account.id;
  }

  /** A trade, an order, or what becomes of one, by hand. */
  byHand = (body: object) => this.d.at.control('/manual-trade', { login: this.d.login, ...body });
  buy = (volume = '0.1', symbol = 'XAUUSD') => this.byHand({ symbol, side: 'buy', volume });
  sell = (volume = '0.1', symbol = 'XAUUSD') => this.byHand({ symbol, side: 'sell', volume });
  pending = (price = '1900') => this.byHand({ place: 'buy_limit', symbol: 'XAUUSD', volume: '0.1', price });

  /** The guard trips, and its account is looked at once. Its halt, where a person orders that, is none of this. */
  async trip(scope: 'all' | 'own' = 'all'): Promise<void> {
    this.d.at.deps.clock.advance(SECOND);
    await this.d.at.reconcile();
    this.tripId = await beginTrip(this.#t, this.d.at, scope);
    await this.look(0);
  }

  /** Its owner stops it. */
  stop = () => stopTrip(this.#t, this.d.at, this.tripId);

  /** A look at the account after so long, as one follows the other while a trip goes on. */
  async look(ms = 2 * SECOND): Promise<void> {
    const { deps } = this.d.at;
    deps.clock.advance(ms);
    deps.sent.push({ kind: 'reconcile', account_id: this.accountId });
    const [failure] = await deps.drain();
    if (failure !== undefined) throw failure;
  }

  /** Looks until nothing stands at the broker, or so many times. */
  async untilFlat(times: number, ms = 2 * SECOND): Promise<void> {
    for (let n = 0; n < times && this.stands().length > 0; n += 1) await this.look(ms);
  }

  /** Volumes of positions, then tickets of orders, at the broker. */
  stands = () => [...this.d.held(), ...this.d.book().orders.map((o) => `order ${o['ticket']}`)];

  /** What the trip has made, in the order of its making. */
  async made(): Promise<Order[]> {
    const rows = await this.#t.sql(
      `SELECT kind, coalesce(instruction->'pre'->>'position_id', instruction->'order'->>'order_ticket') AS subject, state,
         attempt, reason FROM commands WHERE trip_id = $1 ORDER BY created_at, magic`,
      [this.tripId],
    );
    return rows as Order[];
  }

  /** How often each command was carried out at the broker, of those that were more than once. */
  twice = () =>
    this.d.at
      .book()
      .journal.map((j) => j.executed)
      .filter((n) => n > 1);

  /** Lots that closing deals took out, of all positions. */
  closedLots = (): number =>
    Number(
      this.d
        .book()
        .deals.filter((deal) => deal['entry'] === 'out')
        .reduce((total, deal) => total + Number(deal['volume']), 0)
        .toFixed(2),
    );

  alerts = async (kind: string) => (await this.d.alerts(kind)).map((a) => a['detail']);
}
