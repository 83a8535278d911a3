// One running broker: engine, bridge journal and nonces over a data folder, and a boot id that names this run.
// Invariant: `restart` keeps nothing but what the files, or the arrays in their place, hold.
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { BridgeJournal } from './bridge-journal.ts';
import type { BridgeContext } from './bridge-webhook.ts';
import { BrokerCrash } from './broker-crash.ts';
import { BrokerEngine } from './broker-engine.ts';
import { GuardBook } from './guard-book.ts';
import { HeldReplies } from './held-replies.ts';
import { PAGE_LIMITS, type PageLimits } from './history-page.ts';
import { NonceMemory } from './nonce-memory.ts';

export interface HostOptions {
  /** Data folder; null keeps everything in memory, where a crash fault is a restart and not the process's death. */
  dir: string | null;
  seed: number;
  realNowMs: () => number;
  /** Where given, a new broker starts with its clock held there (UTC ms). */
  heldAtMs?: number;
  /** How much history one snapshot holds. */
  page?: PageLimits;
}

interface Run {
  engine: BrokerEngine;
  journal: BridgeJournal;
  guards: GuardBook;
  nonces: NonceMemory;
  bootId: string;
  seqs: Map<string, number>;
  held: HeldReplies;
}

export class BrokerHost {
  readonly realNowMs: () => number;
  /** Accounts whose guard a test steps: the timer leaves them alone. */
  readonly steppedGuards = new Set<string>();
  readonly #options: HostOptions;
  readonly #memory = {
    engine: [] as unknown[],
    journal: [] as unknown[],
    guards: [] as unknown[],
    nonces: [] as unknown[],
  };
  #run: Run;

  constructor(options: HostOptions) {
    this.#options = options;
    this.realNowMs = options.realNowMs;
    if (options.dir !== null) mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    this.#run = this.#boot();
  }

  get engine(): BrokerEngine {
    return this.#run.engine;
  }

  get journal(): BridgeJournal {
    return this.#run.journal;
  }

  get bootId(): string {
    return this.#run.bootId;
  }

  /** What the bridge webhook needs of the current run. */
  bridgeContext(): BridgeContext {
    const { engine, journal, guards, nonces, bootId, seqs, held } = this.#run;
    const nextSeq = (login: string) => {
      const seq = (seqs.get(login) ?? 0) + 1;
      seqs.set(login, seq);
      return seq;
    };
    const { page = PAGE_LIMITS } = this.#options;
    const { realNowMs } = this;
    const kept = { engine, journal, guards, nonces, bootId, nextSeq, held };
    return { ...kept, realNowMs, crash: this.#crash, page };
  }

  /** Forgets everything in memory and reads the journals again, under a new boot id. */
  restart(): void {
    this.close();
    this.#run = this.#boot();
  }

  close(): void {
    this.#run.engine.close();
    this.#run.journal.close();
    this.#run.guards.close();
    this.#run.nonces.close();
  }

  #crash = (): never => {
    if (this.#options.dir !== null) process.kill(process.pid, 'SIGKILL');
    this.restart();
    throw new BrokerCrash('crashed');
  };

  #boot(): Run {
    const { dir, realNowMs, seed, heldAtMs } = this.#options;
    return {
      engine: new BrokerEngine({ dir: dir ?? this.#memory.engine, realNowMs, seed, heldAtMs }),
      journal: new BridgeJournal(dir ?? this.#memory.journal),
      guards: new GuardBook(dir ?? this.#memory.guards, realNowMs()),
      nonces: new NonceMemory(dir ?? this.#memory.nonces, realNowMs),
      bootId: randomUUID(),
      seqs: new Map(),
      held: new HeldReplies(),
    };
  }
}
