// A simulated broker in this process with its bridge on a socket of its own, and what reached that bridge and when.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Big } from 'big.js';
import type { Json } from '../../infra/local/api-client.ts';
import * as broker from './broker-program.ts';

export type BrokerProgram = typeof broker;

/** One `execute` that was on its way to the bridge. */
export type Arrival = {
  cmdId: string;
  attempt: number;
  kind: string;
  symbol: string;
  login: string;
  magic: string;
  /** Its caller was cut off, and it came later. */
  late: boolean;
  /** Look-ups of this command that were answered before. */
  lookups: number;
  arrivedMs: number;
  expiresMs: number;
  /** Where it stands in the order of beginnings and ends of all of them, which needs no clock; null: not yet. */
  began: number | null;
  ended: number | null;
  /** The bridge's own word, whether or not it reached the caller. */
  outcome: string | null;
};

/** What a snapshot said of itself, whoever got it. */
export type Shown = {
  bootId: string;
  seq: number;
  login: string;
  connected: boolean;
  /** Sections that the terminal could not read. */
  failed: string[];
  ageMs: number;
  /** Equity less balance, credit and what its positions have made: 0 where all of it was read at once. */
  gap: Big;
  /** How much of `execute` had begun or ended when it was taken. */
  after: number;
  /** A fault was met while it was made. */
  spoiled: boolean;
};

/** The market's clock stands in open hours. */
const OPEN_MS = Date.parse('2026-11-18T10:00:00Z');

export class BrokerSite {
  readonly url: string;
  readonly arrivals: Arrival[] = [];
  /** Look-ups answered, by command. */
  readonly lookups = new Map<string, number>();
  readonly shown: Shown[] = [];
  /** The next `execute` requests are cut off from their callers and reach the bridge so many milliseconds later. */
  late: number[] = [];
  lateSeen = 0;
  readonly #program: BrokerProgram;
  readonly #host: InstanceType<BrokerProgram['BrokerHost']>;
  readonly #server: Server;
  #order = 0;
  #busy = 0;

  private constructor(program: BrokerProgram, seed: number, server: Server, heldAtMs: number) {
    this.#program = program;
    this.#server = server;
    this.#host = new program.BrokerHost({ dir: null, seed, heldAtMs, realNowMs: Date.now });
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** `program` is the simulator, or one without a protection; its market's clock is held at `heldAtMs`. */
  static async start(seed: number, program: BrokerProgram = broker, heldAtMs = OPEN_MS): Promise<BrokerSite> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const site = new BrokerSite(program, seed, server, heldAtMs);
    server.on('request', (request, response) => {
      site.#busy += 1;
      site
        .#answer(request, response)
        .catch((e: unknown) => void response.writeHead(500).end(String(e)))
        .finally(() => {
          site.#busy -= 1;
        });
    });
    return site;
  }

  /** Requests that are being worked on, those on their way included. */
  get busy(): number {
    return this.#busy;
  }

  /** How much of `execute` has begun or ended. */
  get order(): number {
    return this.#order;
  }

  /** A control request; throws where the broker refuses it. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, read by tests alone.
  control(route: string, body: unknown = {}): any {
    const answer = this.#program.answerControl(this.#host, route, body);
    if (answer.status !== 200) throw new Error(`the broker refused ${route}: ${JSON.stringify(answer.body)}`);
    return JSON.parse(JSON.stringify(answer.body));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#host.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const body = Buffer.concat(parts);
    const { headers, url: path = '' } = request;
    // biome-ignore lint/suspicious/noExplicitAny: an envelope as it came.
    const envelope: any = parsed(body);
    const command = envelope?.kind === 'execute' ? envelope.command : null;
    const arrival = command === null ? null : this.#expect(command);
    if (arrival?.late) {
      response.destroy();
      await sleep(this.late.shift());
    }
    if (arrival !== null) {
      arrival.arrivedMs = Date.now();
      this.#order += 1;
      arrival.began = this.#order;
    }
    const gone = new Promise((resolve) => response.once('close', resolve));
    const asked = { method: 'POST', path, headers, body, gone };
    const met = this.#faultsMet();
    const answer = await this.#program.answerBridge(this.#host.bridgeContext(), asked);
    if (arrival !== null) this.#ended(arrival);
    if (envelope?.kind === 'lookup') this.lookups.set(envelope.cmd_id, this.#lookupsOf(envelope.cmd_id) + 1);
    // biome-ignore lint/suspicious/noExplicitAny: what went out, unless a fault made it unreadable.
    const said: any =
      envelope?.kind === 'snapshot' && answer.kind === 'reply' ? parsed(answer.reply.body) : null;
    if (said !== null && said.account !== undefined)
      this.shown.push({ ...shownBy(said), after: this.#order, spoiled: this.#faultsMet() > met });
    if (response.destroyed) return;
    if (answer.kind === 'cut') return void response.destroy();
    response.writeHead(answer.reply.status, answer.reply.headers);
    if (answer.kind === 'reply') return void response.end(answer.reply.body);
    const half = answer.reply.body.subarray(0, answer.reply.body.length / 2);
    response.write(half, () => response.destroy());
  }

  // biome-ignore lint/suspicious/noExplicitAny: a command as it came.
  #expect(command: any): Arrival {
    const late = this.late.length > 0;
    if (late) this.lateSeen += 1;
    const arrival: Arrival = {
      cmdId: command.cmd_id,
      attempt: command.attempt,
      kind: command.kind,
      symbol: command.order.symbol,
      login: command.pre.login,
      magic: command.evidence.magic,
      late,
      lookups: this.#lookupsOf(command.cmd_id),
      arrivedMs: Number.NaN,
      expiresMs: Date.parse(command.expires_at),
      ...{ began: null, ended: null, outcome: null },
    };
    this.arrivals.push(arrival);
    return arrival;
  }

  #ended(arrival: Arrival): void {
    this.#order += 1;
    arrival.ended = this.#order;
    const { cmdId, attempt } = arrival;
    const all = this.#host.journal.all().filter((entry) => entry.cmd_id === cmdId);
    const own = all.flatMap((entry) => entry.attempts).find((known) => known.attempt === attempt);
    arrival.outcome = own?.result?.outcome ?? null;
  }

  #faultsMet(): number {
    const { counter } = this.#host.engine.state.tables;
    return [...counter].reduce((total, [name, n]) => (name.startsWith('fault:') ? total + n : total), 0);
  }

  #lookupsOf(cmdId: string): number {
    return this.lookups.get(cmdId) ?? 0;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a snapshot as it went out.
function shownBy(s: any): Omit<Shown, 'after' | 'spoiled'> {
  const { balance, credit, equity, login } = s.account;
  const made = s.positions.reduce((total: Big, p: Json) => total.plus(p.profit).plus(p.swap), new Big(0));
  return {
    ...{ bootId: s.boot_id, seq: s.seq, login, connected: s.connected },
    failed: Object.entries(s.sections).flatMap(([name, ok]) => (ok ? [] : [name])),
    ageMs: Date.now() - Date.parse(s.captured_at),
    gap: new Big(equity).minus(balance).minus(credit).minus(made),
  };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
