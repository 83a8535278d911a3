// An engine over a folder of its own with a clock the test moves.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountFigures } from '../../../../infra/local/broker/account-figures.ts';
import { BrokerEngine } from '../../../../infra/local/broker/broker-engine.ts';
import type { MarginMode, PendingType, Side } from '../../../../infra/local/broker/broker-records.ts';
import { dec, plain } from '../../../../infra/local/broker/decimal.ts';
import type { DealRequest, PendingRequest } from '../../../../infra/local/broker/trade-request.ts';

export const LOGIN = '1001';
export const TUESDAY = Date.parse('2026-03-03T10:00:00Z');

export class EngineFixture {
  readonly dir = mkdtempSync(join(tmpdir(), 'broker-'));
  engine: BrokerEngine;
  realNowMs = TUESDAY;

  constructor(
    terms: { marginMode?: MarginMode; balance?: string; serverTz?: string; currency?: string } = {},
  ) {
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
        leverage: 100,
      },
      dec(terms.balance ?? '10000'),
    );
  }

  open(): BrokerEngine {
    return new BrokerEngine({ dir: this.dir, seed: 7, realNowMs: () => this.realNowMs });
  }

  remove(): void {
    this.engine.close();
    rmSync(this.dir, { recursive: true, force: true });
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

  pending(type: PendingType, volume: string, price: string, more: Partial<PendingRequest> = {}) {
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

  tick(symbol: string, bid: string): void {
    this.engine.quote(symbol, { bid: dec(bid), ask: null }, null);
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
    return [...this.engine.state.tables.deal.values()];
  }
}
