// One running broker: engine, bridge journal and nonces over a data folder, and a boot id that names this run.
// Invariant: `restart` keeps nothing but what the files hold.
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { BridgeJournal } from './bridge-journal.ts';
import type { BridgeContext } from './bridge-webhook.ts';
import { BrokerEngine } from './broker-engine.ts';
import { NonceMemory } from './nonce-memory.ts';

export interface HostOptions {
  dir: string;
  seed: number;
  realNowMs: () => number;
}

interface Run {
  engine: BrokerEngine;
  journal: BridgeJournal;
  nonces: NonceMemory;
  bootId: string;
  seqs: Map<string, number>;
}

export class BrokerHost {
  readonly realNowMs: () => number;
  readonly #options: HostOptions;
  #run: Run;

  constructor(options: HostOptions) {
    this.#options = options;
    this.realNowMs = options.realNowMs;
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
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
    const { engine, journal, nonces, bootId, seqs } = this.#run;
    const nextSeq = (login: string) => {
      const seq = (seqs.get(login) ?? 0) + 1;
      seqs.set(login, seq);
      return seq;
    };
    return { engine, journal, nonces, bootId, nextSeq, realNowMs: this.realNowMs };
  }

  /** Forgets everything in memory and reads the journals again, under a new boot id. */
  restart(): void {
    this.close();
    this.#run = this.#boot();
  }

  close(): void {
    this.#run.engine.close();
    this.#run.journal.close();
    this.#run.nonces.close();
  }

  #boot(): Run {
    const { dir, realNowMs } = this.#options;
    return {
      engine: new BrokerEngine(this.#options),
      journal: new BridgeJournal(dir),
      nonces: new NonceMemory(dir, realNowMs),
      bootId: randomUUID(),
      seqs: new Map(),
    };
  }
}
