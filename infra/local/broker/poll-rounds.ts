// Keeps the bridges that poll going, each in the rhythm that the other side states. Invariants: one exchange of a bridge at a
// time, whoever asked for it; who hurries during one has another one right behind it, as what it brings was read before.

import type { BrokerHost } from './broker-host.ts';
import { BrokerPoller, type SyncOutcome } from './broker-poller.ts';
import type { BridgeRecord } from './broker-records.ts';

const LOOK_MS = 250;

interface Round {
  record: BridgeRecord;
  poller: BrokerPoller;
  dueMs: number;
  running: Promise<SyncOutcome> | null;
  /** Somebody has hurried since the exchange under way began. */
  isHurried: boolean;
}

export class PollRounds {
  readonly #host: BrokerHost;
  readonly #rounds = new Map<string, Round>();
  readonly #timer: NodeJS.Timeout;

  constructor(host: BrokerHost) {
    this.#host = host;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
    this.refresh();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** One exchange at once, behind one that is under way; null where no such bridge polls. */
  async syncNow(bridgeId: string): Promise<SyncOutcome | null> {
    const round = this.#roundOf(bridgeId);
    if (round === null) return null;
    while (round.running !== null) await round.running.catch(() => {});
    return this.#run(round);
  }

  /** Has the bridges of an account come at once, or behind the exchange that is under way. */
  hurry(login: string): void {
    for (const bridgeId of this.#rounds.keys()) {
      const round = this.#roundOf(bridgeId);
      if (round?.record.login !== login) continue;
      if (round.running === null) void this.#run(round);
      else round.isHurried = true;
    }
  }

  /** Takes up bridges that have come to poll. */
  refresh(): void {
    for (const { bridge_id } of this.#host.engine.state.tables.bridge.values()) this.#roundOf(bridge_id);
  }

  #look(): void {
    for (const bridgeId of this.#rounds.keys()) {
      const round = this.#roundOf(bridgeId);
      if (round === null) this.#rounds.delete(bridgeId);
      else if (round.running === null && Date.now() >= round.dueMs) void this.#run(round);
    }
  }

  #roundOf(bridgeId: string): Round | null {
    const record = this.#host.engine.state.tables.bridge.get(bridgeId);
    const [secret] = record?.secrets ?? [];
    if (record === undefined || record.sync_url === null || secret === undefined) return null;
    const known = this.#rounds.get(bridgeId);
    // A record is replaced as a whole where anything of it changes.
    if (known?.record === record) return known;
    const terms = { bridgeId, secret, login: record.login, url: record.sync_url };
    const poller = new BrokerPoller(() => this.#host.bridgeContext(), terms);
    const round = { record, poller, dueMs: 0, running: null, isHurried: false };
    this.#rounds.set(bridgeId, round);
    return round;
  }

  #run(round: Round): Promise<SyncOutcome> {
    round.isHurried = false;
    const run = round.poller.sync().finally(() => {
      round.running = null;
    });
    round.running = run;
    run.then(
      ({ nextMs }) => {
        round.dueMs = Date.now() + (round.isHurried ? 0 : nextMs);
      },
      (cause: unknown) => {
        round.dueMs = Date.now() + LOOK_MS;
        console.error(JSON.stringify({ event: 'poll_error', error: String(cause) }));
      },
    );
    return run;
  }
}
