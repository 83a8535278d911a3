// An engine in memory with a clock the test moves.
import { accountFigures } from '../../../../infra/local/broker/account-figures.ts';
import { BrokerEngine, type NewAccount } from '../../../../infra/local/broker/broker-engine.ts';
import type { MarginMode, Side } from '../../../../infra/local/broker/broker-records.ts';
import { dec, plain } from '../../../../infra/local/broker/decimal.ts';
import { armFault } from '../../../../infra/local/broker/fault-book.ts';
import type {
  DealRequest,
  PendingRequest,
  TradeRequest,
} from '../../../../infra/local/broker/trade-request.ts';

export const LOGIN = '1001';
export const TUESDAY = Date.parse('2026-03-03T10:00:00Z');

export interface FixtureTerms {
  marginMode?: MarginMode;
  balance?: string;
  serverTz?: string;
  currency?: string;
  leverage?: number;
  nowMs?: number;
  account?: Partial<NewAccount>;
}

export class EngineFixture {
  /** What the broker wrote; stands for its file. */
  readonly journal: unknown[] = [];
  engine: BrokerEngine;
  realNowMs: number;

  constructor(terms: FixtureTerms = {}) {
    this.realNowMs = terms.nowMs ?? TUESDAY;
    this.engine = this.open();
    this.engine.createAccount(
      {
        login: LOGIN,
        server: 'Sim-Demo',
        server_tz: terms.serverTz ?? 'NY+7',
        company: 'Simulated',
        currency: terms.currency ?? 'USD',
        margin_mode: terms.marginMode ?? 'hedging',
        trade_mode: 'demo',
        leverage: terms.leverage ?? 100,
        ...terms.account,
      },
      dec(terms.balance ?? '10000'),
    );
  }

  open(): BrokerEngine {
    return new BrokerEngine({ dir: this.journal, seed: 7, realNowMs: () => this.realNowMs });
  }

  /** Closes the broker and opens it again from what it wrote. */
  reopen(): void {
    this.engine.close();
    this.engine = this.open();
  }

  send(request: { action: TradeRequest['action'] } & Partial<Record<string, unknown>>) {
    const asked = { login: LOGIN, magic: '79', comment: 'test', reason: 'expert', ...request };
    return this.engine.send(asked as TradeRequest);
  }

  arm(kind: string, times = 1): void {
    const fault = { kind, login: LOGIN, times, on: null, hold_ms: 0 };
    this.engine.transact(() => armFault(this.engine.state, fault));
  }

  market(side: Side, volume: string, more: Partial<DealRequest> = {}) {
    return this.engine.send({
      action: 'deal',
      login: LOGIN,
      symbol: 'EURUSD',
      side,
      volume,
      price: null,
      deviation_points: null,
      sl: null,
      tp: null,
      position: null,
      magic: '77',
      comment: 'test',
      reason: 'expert',
      ...more,
    });
  }

  pending(type: PendingRequest['type'], volume: string, price: string, more: Partial<PendingRequest> = {}) {
    return this.engine.send({
      action: 'pending',
      login: LOGIN,
      symbol: 'EURUSD',
      type,
      volume,
      price,
      sl: null,
      tp: null,
      expiration: null,
      magic: '78',
      comment: 'test',
      reason: 'expert',
      ...more,
    });
  }

  tick(symbol: string, bid: string, ask: string | null = null): void {
    this.engine.quote(symbol, { bid: dec(bid), ask: ask === null ? null : dec(ask) }, null);
  }

  hold(iso: string): void {
    this.engine.setClock(Date.parse(iso));
  }

  balance(): string {
    return this.engine.account(LOGIN).balance;
  }

  figures() {
    const { profit, equity, margin, margin_level } = accountFigures(
      this.engine.state,
      this.engine.account(LOGIN),
    );
    return {
      profit: plain(profit),
      equity: plain(equity),
      margin: plain(margin),
      margin_level: margin_level && plain(margin_level),
    };
  }

  positions() {
    return this.engine.state.positionsOf(LOGIN);
  }

  deals() {
    return this.engine.state.dealsOf(LOGIN);
  }

  orders() {
    return this.engine.state.ordersOf(LOGIN);
  }

  history(ticket: string | null) {
    return this.engine.state.tables.history.get(ticket ?? '');
  }
}
