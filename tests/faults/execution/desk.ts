// One account at a broker of its own, and how each step of a schedule happens to it.
import { setTimeout as sleep } from 'node:timers/promises';
import { Big } from 'big.js';
import type { Json } from '../../../infra/local/api-client.ts';
import { type Person, type Producer, unique } from '../../contracts/world.ts';
import type { BrokerSite } from '../broker-site.ts';
import type { Stage } from '../stage.ts';
import { isBusy, letTimePass, makeOverdue } from '../stored-time.ts';
import { ENTERS } from './deployment-halt.ts';
import { DECOY_LOGIN, INSTRUMENTS, type Instrument, LATE, type Step } from './schedule.ts';

const PATIENCE_MS = 20_000;
/** Eight lanes look at once: to look more often costs more and ends nothing sooner. */
const LOOK_MS = 50;
/** How long a fault keeps its caller waiting. */
const HOLD_MS: Readonly<Record<string, number>> = { slow: 600 };
const SHORT_HOLD_MS = 60;
/** How long a request that was cut off is still on its way to the bridge. */
const LATE_MS = 300;
const NETTING_EVERY = 5;
const DELAY_SECONDS = 400;
const DIGITS = 2;
const SERVER = 'Faults-Demo';

export class Desk {
  readonly stage: Stage;
  readonly site: BrokerSite;
  readonly login: string;
  readonly user: Person;
  readonly producer: Producer;
  readonly accountId: string;
  readonly bridgeId: string;
  /** What is wrong though no rule was broken at the end any more: a 5xx, an entry sent during a halt. */
  readonly faults: string[] = [];
  halted = false;
  /** Whether the halt in force takes working orders back. */
  withdraws = false;
  #haltsAll = false;
  /** Entries sent, each attempt by itself, when the halt in force was acknowledged. */
  #sentBefore = new Set<string>();
  #background: Promise<void>[] = [];

  private constructor(
    at: Pick<Desk, 'stage' | 'site' | 'login' | 'user' | 'producer' | 'accountId' | 'bridgeId'>,
  ) {
    this.stage = at.stage;
    this.site = at.site;
    this.login = at.login;
    this.user = at.user;
    this.producer = at.producer;
    this.accountId = at.accountId;
    this.bridgeId = at.bridgeId;
  }

  /** A person with a producer, a broker and an account there that is bound and resumed; one in five nets unless told. */
  static async open(
    stage: Stage,
    index: number,
    given: {
      margin_mode?: string;
      balance?: string;
      symbol?: Record<string, string>;
      heldAtMs?: number;
    } = {},
  ): Promise<Desk> {
    const { world: w } = stage;
    const site = await stage.site(index, given.heldAtMs);
    const login = stage.nextLogin();
    const netting = index % NETTING_EVERY === NETTING_EVERY - 1;
    const { margin_mode = netting ? 'netting' : 'hedging', balance = '1000000' } = given;
    const terms = { server: SERVER, currency: 'USD', margin_mode, balance };
    for (const symbol of INSTRUMENTS)
      site.control('POST /symbols', {
        ...(symbol === INSTRUMENTS[0] ? {} : { like: INSTRUMENTS[0] }),
        ...{ symbol, ...given.symbol },
      });
    site.control('POST /accounts', { login, ...terms });
    site.control('POST /accounts', { login: DECOY_LOGIN, ...terms });
    const user = await w.person();
    const producer = await w.producer({ instruments: [...INSTRUMENTS] }, user);
    const post = (path: string, body: unknown) => w.json(w.as(user.token, 'POST', path, body), 201);
    const bridge = await post('/api/v1/bridges', { name: login, url: `${site.url}/bridge/${login}` });
    site.control('POST /bridges', { bridge_id: bridge.id, secret: bridge.secret, login });
    const account = await post('/api/v1/accounts', {
      ...{ name: login, bridge_id: bridge.id, order_volume: '0.10', producer_ids: [producer.id] },
    });
    const desk = new Desk({ stage, site, login, user, producer, accountId: account.id, bridgeId: bridge.id });
    await w.reconcile(user, account.id);
    await desk.#halt(false);
    return desk;
  }

  /** Leaves the schedule of the ticks. */
  async close(): Promise<void> {
    const { world: w } = this.stage;
    await w.as(this.stage.world.dev.tokens.owner, 'POST', `/api/v1/bridges/${this.bridgeId}/revoke`, {});
    await this.site.stop();
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'approve':
        return this.#approve(step);
      case 'close':
        return this.#decide(await this.#signal(step, { intent: 'close' }), 'approved');
      case 'reject':
        return this.#decide(await this.#signal({ instrument: 'ETHUSD', side: 'buy' }), 'rejected');
      case 'cancel':
        return this.#cancel(step.approved);
      case 'move':
        return this.#move(step);
      case 'hand':
        return this.#byHand(step.what);
      case 'fault':
        return this.#arm(step);
      case 'halt':
        return this.#halt(true);
      case 'withdraw':
        return this.#halt(true, true);
      case 'resume':
        return this.#halt(false);
      case 'service':
        return this.#service();
      case 'halt-all':
        this.#haltsAll = true;
        return this.stage.halt.halt();
      case 'resume-all':
        return this.resumeAll();
      case 'tick':
        await makeOverdue(this.stage.sql, this.accountId);
        return this.stage.tick();
      case 'reconcile':
        if (step.wait) return this.reconcile();
        this.#background.push(this.reconcile());
        return;
      case 'restart':
        this.site.control('POST /restart');
        return;
      case 'delay':
        return this.#queue(DELAY_SECONDS);
      case 'lose':
        return this.#queue(null);
      case 'pass':
        return this.pass(step.seconds);
      case 'settle':
        return this.settle();
    }
  }

  /** Lifts a halt of the deployment that this schedule has said, if it stands. */
  async resumeAll(): Promise<void> {
    if (!this.#haltsAll) return;
    this.#haltsAll = false;
    this.faults.push(...(await this.stage.halt.resume()));
  }

  async reconcile(): Promise<void> {
    await this.#post('/api/v1/reconciliation/runs', { account_id: this.accountId }, [200]);
  }

  /** Waits until nobody is at work for this account. What then still waits for something is the schedule's to do. */
  async settle(): Promise<void> {
    await Promise.all(this.#background.splice(0));
    const atRest = () => this.site.busy === 0;
    await until(async () => atRest() && !(await isBusy(this.stage.sql, this.accountId)) && atRest());
  }

  /** Time goes by. Nothing may be on its way meanwhile: what has left us cannot be made older. */
  async pass(seconds: number): Promise<void> {
    await this.settle();
    await letTimePass(this.stage.sql, this.accountId, seconds);
  }

  /** What the queue does to this account's next command: keeps it for so long, or (null) loses it. */
  async #queue(seconds: number | null): Promise<void> {
    await this.stage.sql(
      'INSERT INTO test_delays (account_id, seconds) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [this.accountId, seconds],
    );
  }

  /** No entry may have been sent since the halt in force was acknowledged. */
  async judgeHalt(): Promise<void> {
    if (!this.halted) return;
    for (const key of await this.#sentEntries())
      if (!this.#sentBefore.has(key)) this.faults.push(`entry ${key} was sent while the account was halted`);
  }

  async #sentEntries(): Promise<string[]> {
    const rows = await this.stage.sql(
      `SELECT s.command_id || ' by its row ' || s.id AS key FROM test_states s JOIN commands c ON c.id = s.command_id
       WHERE s.account_id = $1 AND s.state = 'sent' AND ${ENTERS}`,
      [this.accountId],
    );
    return rows.map((r) => r.key);
  }

  async #halt(halt: boolean, withdraw_pending = false): Promise<void> {
    await this.judgeHalt();
    const { owner } = this.stage.world.dev.tokens;
    const token = halt ? this.user.token : owner;
    const body = withdraw_pending ? { withdraw_pending } : {};
    await this.#post(`/api/v1/accounts/${this.accountId}/${halt ? 'halt' : 'resume'}`, body, [200], token);
    if (halt && !this.halted) this.#sentBefore = new Set(await this.#sentEntries());
    this.halted = halt;
    this.withdraws = halt && (this.withdraws || withdraw_pending);
  }

  async #approve(step: Extract<Step, { do: 'approve' }>): Promise<void> {
    const { instrument, side, type, stops, hours } = step;
    const ends = hours === undefined ? null : new Date(Date.now() + hours * 3_600_000).toISOString();
    const more = {
      ...(type === 'limit' ? { order_type: 'limit' } : {}),
      ...(ends === null ? {} : { order_expires_at: ends }),
    };
    await this.#decide(
      await this.#signal({ instrument, side }, more, type === 'limit' ? 4 : 0, stops),
      'approved',
    );
  }

  /** Sends a signal at the market, or `off` permille on the quiet side of it; its id. */
  async #signal(
    { instrument, side }: { instrument: Instrument; side: 'buy' | 'sell' },
    more: Record<string, unknown> = {},
    off = 0,
    stops = false,
  ): Promise<string> {
    const { bid, ask } = this.#quote(instrument);
    const [market, sign] = side === 'buy' ? [ask, -1] : [bid, 1];
    const at = (permille: number) =>
      new Big(market).times(new Big(1).plus(new Big(sign * permille).div(1000))).toFixed(DIGITS);
    const body = {
      ...{ instrument, side, price: at(off), external_id: unique() },
      ...(stops ? { stop_loss: at(off + 10), take_profit: at(off - 10) } : {}),
      ...more,
    };
    return (await this.stage.world.sent(this.producer, body)).id;
  }

  async #decide(signalId: string, decision: 'approved' | 'rejected'): Promise<void> {
    const body = { signal_id: signalId, decision, consent_version: this.stage.consentVersion };
    await this.#post('/api/v1/approvals', body, [201]);
  }

  /** A signal that is taken back before its approval, or in a race with what follows from it. */
  async #cancel(approved: boolean): Promise<void> {
    const id = await this.#signal({ instrument: 'BTCUSD', side: 'buy' });
    if (approved) await this.#decide(id, 'approved');
    await this.#post(`/api/v1/signals/${id}/cancel`, {}, [200, 409]);
    if (approved) return;
    const body = { signal_id: id, decision: 'approved', consent_version: this.stage.consentVersion };
    await this.#post('/api/v1/approvals', body, [409]);
  }

  #move({ instrument, permille }: Extract<Step, { do: 'move' }>): void {
    const { bid } = this.#quote(instrument);
    const to = new Big(bid).times(new Big(1000).plus(permille)).div(1000).toFixed(DIGITS);
    this.site.control('POST /tick', { symbol: instrument, bid: to });
  }

  #byHand(what: 'open' | 'close' | 'cancel'): void {
    const { login } = this;
    const [account] = this.site.control('GET /state', { login }).accounts;
    const trade = (body: object) => this.site.control('POST /manual-trade', { login, ...body });
    const [position] = account.positions;
    const [order] = account.orders;
    if (what === 'open') trade({ symbol: 'BTCUSD', side: 'buy', volume: '0.05' });
    if (what === 'close' && position !== undefined) trade({ close: position.ticket });
    if (what === 'cancel' && order !== undefined) trade({ cancel: order.ticket });
  }

  #service(): void {
    const { login } = this;
    const [account] = this.site.control('GET /state', { login }).accounts;
    const [position] = account.positions;
    if (position !== undefined) this.site.control('POST /ticket', { login, position: position.ticket });
  }

  #quote(instrument: Instrument): { bid: string; ask: string } {
    const { symbols } = this.site.control('GET /state', { login: this.login });
    return symbols.find((s: Json) => s.symbol === instrument);
  }

  #arm({ kind, on, times, holdMs }: Extract<Step, { do: 'fault' }>): void {
    if (kind === LATE) {
      this.site.late.push(...Array<number>(times).fill(holdMs ?? LATE_MS));
      return;
    }
    const terms = { kind, login: this.login, times, hold_ms: holdMs ?? HOLD_MS[kind] ?? SHORT_HOLD_MS };
    this.site.control('POST /fault', on === null ? terms : { ...terms, on });
  }

  async #post(path: string, body: unknown, fine: readonly number[], token = this.user.token): Promise<Json> {
    const answer = await this.stage.world.as(token, 'POST', path, body);
    const text = await answer.text();
    if (!fine.includes(answer.status)) this.faults.push(`${path} answered ${answer.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }
}

/** Looks until it holds; what does not hold in time is for the judgement at the end to find. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(LOOK_MS))
    if (await holds()) return;
}
