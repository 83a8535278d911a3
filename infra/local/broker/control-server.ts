// The control endpoint: how tests, the demo and the embedded stack move the simulated market.
// Invariants: reachable on loopback only (the listener sees to that); a body is checked before anything moves; a
// wrong one answers 400 `{error}` and changes nothing.
import { z } from 'zod';
import { guardLook } from './bridge-guard.ts';
import { secretBytes } from './bridge-signature.ts';
import type { BrokerEngine } from './broker-engine.ts';
import { BrokerError } from './broker-error.ts';
import type { BrokerHost } from './broker-host.ts';
import { TIMEFRAMES } from './candle-book.ts';
import { type ControlBody, controlSchemas } from './control-schemas.ts';
import { stateReport } from './control-state.ts';
import { dec } from './decimal.ts';
import { armFault } from './fault-book.ts';
import { guardReport } from './guard-order.ts';
import { manualTrade } from './manual-trade.ts';
import { toServerMs } from './server-clock.ts';
import { candleRow, isoUtc } from './wire-rows.ts';

const DEFAULT_HOLD_MS: Record<string, number> = { timeout_before: 15_000, slow: 3000, reorder: 2000 };
const DEFAULT_CANDLES = 500;

type Route = (host: BrokerHost, body: unknown) => object;

const candleQuery = z.strictObject({
  symbol: z.string(),
  timeframe: z.enum(TIMEFRAMES),
  limit: z.coerce.number().int().min(1).max(100_000).default(DEFAULT_CANDLES),
});

const stateQuery = z.strictObject({ login: z.string().optional() });

/** Every control route: method and path to what it does. */
const ROUTES: Record<string, Route> = {
  'POST /accounts': ({ engine }, body) => {
    const parsed = controlSchemas.accounts.parse(body);
    const all = 'accounts' in parsed ? parsed.accounts : [parsed];
    const created = engine.createAccounts(
      all.map(({ balance, ...terms }) => ({ terms, deposit: dec(balance) })),
    );
    if ('accounts' in parsed) return { created };
    return { created: created === 1, login: parsed.login, balance: engine.account(parsed.login).balance };
  },
  'POST /bridges': ({ engine }, body) => {
    const parsed = controlSchemas.bridges.parse(body);
    const all = 'bridges' in parsed ? parsed.bridges : [parsed];
    engine.transact(() => {
      for (const bridge of all) addBridge(engine, bridge);
    });
    if ('bridges' in parsed) return { bridges: all.length };
    return { bridge_id: parsed.bridge_id, login: parsed.login, path: `/bridge/${parsed.login}` };
  },
  'POST /candles': ({ engine }, body) => {
    const { symbol, timeframe, file, until } = controlSchemas.candles.parse(body);
    const { lastClose, nowMs } = loadOrExplain(() => engine.loadCandles(symbol, timeframe, file, until));
    return {
      count: engine.state.candles.count(symbol, timeframe),
      last_close: lastClose,
      ...clockReport(engine, nowMs),
    };
  },
  'POST /tick': ({ engine }, body) => {
    const tick = controlSchemas.tick.parse(body);
    const played = 'candles' in tick ? { played: engine.playCandles(tick.symbol, tick.candles) } : {};
    if ('steps' in tick) engine.walk(tick.symbol, tick.steps, tick.step_seconds);
    if ('bid' in tick) {
      const price = { bid: dec(tick.bid), ask: tick.ask === undefined ? null : dec(tick.ask) };
      engine.quote(tick.symbol, price, tick.time ?? null);
    }
    const quote = engine.state.tables.quote.get(tick.symbol);
    const time = isoUtc(quote?.time ?? 0);
    return { symbol: tick.symbol, bid: quote?.bid, ask: quote?.ask, time, ...played };
  },
  'POST /fault': ({ engine }, body) => {
    const { kind, login, times, on, hold_ms } = controlSchemas.fault.parse(body);
    // A timeout before acting keeps the caller waiting; one after acting cuts at once unless told otherwise.
    const holdMs = hold_ms ?? DEFAULT_HOLD_MS[kind] ?? 0;
    if (kind.startsWith('switch:')) engine.account(kind.slice('switch:'.length));
    engine.transact(() =>
      armFault(engine.state, { kind, login: login ?? null, times, on: on ?? null, hold_ms: holdMs }),
    );
    return { faults: [...engine.state.tables.fault.values()] };
  },
  'POST /deposit': ({ engine }, body) => {
    const { login, amount, comment } = controlSchemas.deposit.parse(body);
    const fallback = amount.startsWith('-') ? 'Withdrawal' : 'Deposit';
    const deal = engine.bookCash(login, {
      type: 'balance',
      amount: dec(amount),
      comment: comment ?? fallback,
    });
    return { deal, balance: engine.account(login).balance };
  },
  'POST /credit': ({ engine }, body) => {
    const { login, amount, comment } = controlSchemas.deposit.parse(body);
    const deal = engine.bookCash(login, {
      type: 'credit',
      amount: dec(amount),
      comment: comment ?? 'Credit',
    });
    return { deal, credit: engine.account(login).credit };
  },
  'POST /charge': ({ engine }, body) => {
    const { login, amount, type, comment } = controlSchemas.charge.parse(body);
    const deal = engine.bookCash(login, { type, amount: dec(amount), comment: comment ?? type });
    return { deal, balance: engine.account(login).balance };
  },
  'POST /manual-trade': ({ engine }, body) => manualTrade(engine, controlSchemas.manualTrade.parse(body)),
  'POST /cancel-deal': ({ engine }, body) => {
    const { login, deal } = controlSchemas.cancelDeal.parse(body);
    const { correction } = engine.cancelDeal(login, deal);
    return { deal, correction: correction.ticket, balance: engine.account(login).balance };
  },
  'POST /ticket': ({ engine }, body) => {
    const { login, position, deals } = controlSchemas.ticket.parse(body);
    const { ticket, identifier } = engine.changeTicket(login, position, deals);
    return { ticket, identifier };
  },
  'POST /trading': ({ engine }, body) => {
    const { login, allowed } = controlSchemas.trading.parse(body);
    engine.setTradeAllowed(login, allowed);
    return { login, trade_allowed: allowed };
  },
  'POST /symbols': ({ engine }, body) => {
    const { symbol, like, ...terms } = controlSchemas.symbols.parse(body);
    if (like !== undefined) engine.addSymbol(symbol, like);
    const given = Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined));
    engine.changeSymbol(symbol, given);
    return engine.symbol(symbol);
  },
  'POST /clock': ({ engine }, body) => {
    const clock = controlSchemas.clock.parse(body);
    engine.setClock(
      'now' in clock ? clock.now : engine.state.nowMs() + Math.round(clock.advance_seconds * 1000),
    );
    return clockReport(engine, engine.state.nowMs());
  },
  'POST /guard': (host, body) => stepGuard(host, controlSchemas.guard.parse(body)),
  'POST /restart': (host, body) => {
    const { empty_history: times } = controlSchemas.restart.parse(body);
    host.restart();
    // A terminal that has just connected may not have its history yet.
    const fault = { kind: 'empty_history', login: null, times, on: null, hold_ms: 0 };
    if (times > 0) host.engine.transact(() => armFault(host.engine.state, fault));
    return { boot_id: host.bootId };
  },
  'GET /state': (host, query) => stateReport(host, stateQuery.parse(query).login),
  'GET /candles': ({ engine }, query) => {
    const { symbol, timeframe, limit } = candleQuery.parse(query);
    const spec = engine.symbol(symbol);
    const range = {
      from: 0,
      to: Number.POSITIVE_INFINITY,
      nowMs: engine.state.nowMs(),
      limit,
      keep: 'last',
    } as const;
    const bars = engine.state.candles.closedBars(symbol, timeframe, range);
    return { symbol, timeframe, candles: bars.map((bar) => candleRow(spec, bar)) };
  },
};

/** Answers one control request; `body` is the parsed JSON of a POST or the query of a GET. */
export function answerControl(
  host: BrokerHost,
  route: string,
  body: unknown,
): { status: number; body: object } {
  const handler = ROUTES[route];
  if (!handler) return { status: 404, body: { error: `no route ${route}` } };
  try {
    if (route !== 'POST /restart') host.engine.catchUp();
    return { status: 200, body: handler(host, body) };
  } catch (cause) {
    if (cause instanceof z.ZodError) return { status: 400, body: { error: z.prettifyError(cause) } };
    if (cause instanceof BrokerError) return { status: 400, body: { error: cause.message } };
    throw cause;
  }
}

/** Switches a bridge's guard on or off, and has it look; what each look came to, and what the guard says of itself then. */
function stepGuard(host: BrokerHost, asked: ControlBody<'guard'>): object {
  const { login, enabled, steps, step_seconds, now = host.realNowMs() } = asked;
  host.engine.account(login);
  if (enabled !== undefined) host.bridgeContext().guards.enable(login, enabled);
  if (steps > 0) host.steppedGuards.add(login);
  const looks = Array.from({ length: steps }, (_, index) => {
    const look = guardLook(host.bridgeContext(), login, now + Math.round(index * step_seconds * 1000));
    return {
      phase: look.state.phase,
      actions: look.actions,
      rejected: look.rejected,
      urgent: look.is_urgent,
    };
  });
  const { guards } = host.bridgeContext();
  const urgent = looks.some((look) => look.urgent);
  const report = guardReport(guards.state(login));
  return { login, enabled: guards.isEnabled(login), urgent, looks, report, results: guards.results(login) };
}

type GivenBridge = { bridge_id: string; secret: string; login: string; sync_url?: string };

function addBridge(engine: BrokerEngine, bridge: GivenBridge): void {
  const { bridge_id, secret, login, sync_url = null } = bridge;
  if (!secretBytes(secret))
    throw new BrokerError('secret must be whsec_ and padded base64 of at least 16 bytes');
  engine.account(login);
  const before = engine.state.tables.bridge.get(bridge_id);
  const kept = before?.login === login ? before.secrets.filter((known) => known !== secret).slice(0, 1) : [];
  engine.state.put('bridge', bridge_id, { bridge_id, login, secrets: [secret, ...kept], sync_url });
}

/** The held time, with a warning where deals lie after it: readers that follow deals by time would miss new ones. */
function clockReport(engine: BrokerEngine, nowMs: number): { now: string; warning?: string } {
  const { account, deal } = engine.state.tables;
  const later = [...deal.values()].filter((row) => {
    const owner = account.get(row.login);
    return owner && row.time > toServerMs(owner.server_tz, nowMs);
  });
  const now = isoUtc(nowMs);
  return later.length === 0 ? { now } : { now, warning: `${later.length} deals lie after the new time` };
}

function loadOrExplain<T>(load: () => T): T {
  try {
    return load();
  } catch (cause) {
    // A file that is missing or malformed is the caller's mistake, not the broker's.
    throw cause instanceof BrokerError
      ? cause
      : new BrokerError(cause instanceof Error ? cause.message : 'unreadable');
  }
}
