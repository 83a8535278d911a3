// The guard at the simulated bridge: takes orders, looks at the terminal, and does what the machine says.
// Invariants: what is about to be done is in the journal before it is sent, and what came of it before anything else is; a
// close names its position, so that one sent twice opens nothing; a bridge without the feature says nothing of it.
import { accountFigures, floatingProfit } from './account-figures.ts';
import { crashIfArmed } from './bridge-execute.ts';
import type { BridgeContext } from './bridge-webhook.ts';
import type { AccountRecord, SymbolRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { dec, plain, sum } from './decimal.ts';
import { type GuardStep, guardActed, guardOrdered, guardStep, guardTold } from './guard-machine.ts';
import { type GuardAction, type GuardOrder, type GuardSample, guardReport } from './guard-order.ts';
import { checkMarket } from './order-check.ts';
import type { TradeRequest } from './trade-request.ts';
import { isoUtc } from './wire-rows.ts';

/** No number of a command's: what a guard closes belongs to none. */
const MAGIC = '0';
const COMMENT = 'csguard';

/** Takes what the other side orders; `shown` is the account that stands in the terminal of `login`'s bridge. */
export function takeGuardOrder(
  context: BridgeContext,
  login: string,
  order: GuardOrder | undefined,
  shown: AccountRecord,
): void {
  const { guards } = context;
  if (order === undefined || !guards.isEnabled(login)) return;
  guards.put(login, guardOrdered(guards.state(login), order, shown));
}

/** What a snapshot carries of the guard: nothing where the bridge has none. From here on it has been told. */
export function toldGuard(
  context: BridgeContext,
  login: string,
): { guard: ReturnType<typeof guardReport> } | object {
  const { guards } = context;
  if (!guards.isEnabled(login)) return {};
  const state = guards.state(login);
  if (state.order !== null) guards.put(login, guardTold(state));
  return { guard: guardReport(state) };
}

/** One look at the terminal at a moment of the bridge's clock, and all that follows from it. */
export function guardLook(context: BridgeContext, login: string, nowMs: number): GuardStep {
  const { engine, guards } = context;
  engine.catchUp();
  const account = engine.account(login);
  const step = guardStep(guards.state(login), sampleOf(context, account, nowMs));
  guards.put(login, step.state);
  for (const action of step.actions) act(context, account, action, nowMs);
  return { ...step, state: guards.state(login) };
}

function sampleOf(context: BridgeContext, account: AccountRecord, nowMs: number): GuardSample {
  const { state } = context.engine;
  const { login, server, balance, credit } = account;
  const { silentMs, aheadMs } = context.guards.silence(login, nowMs);
  const positions = state.positionsOf(login);
  const bookedTo = context.guards.state(login).order?.booked_to ?? null;
  const later = state
    .dealsOf(login)
    .filter((deal) => bookedTo === null || BigInt(deal.ticket) > BigInt(bookedTo));
  return {
    ...{ at_ms: nowMs + aheadMs, silent_ms: silentMs, login, server, balance, credit, is_readable: true },
    equity: plain(accountFigures(state, account).equity),
    positions: positions.map(({ ticket, magic, symbol, type, volume, swap, ...row }) => {
      const profit = plain(
        floatingProfit(state, account, { ...row, ticket, magic, symbol, type, volume, swap }),
      );
      return { ticket, magic, symbol, side: type, volume, profit, swap };
    }),
    orders: state.ordersOf(login).map(({ ticket, magic, symbol }) => ({ ticket, magic, symbol })),
    deals: later.map(({ ticket, type, profit, swap, commission, fee }) => {
      return { ticket, type, money: plain(sum([profit, swap, commission, fee])) };
    }),
    quotes: Object.fromEntries(positions.map(({ symbol }) => [symbol, quoteOf(state, symbol, nowMs)])),
  };
}

/** While the market trades, a price that stands still is a quiet market and not a dead feed. */
function quoteOf(state: BrokerState, symbol: string, nowMs: number): GuardSample['quotes'][string] {
  const quote = state.tables.quote.get(symbol);
  const spec = state.tables.symbol.get(symbol);
  const trades = spec !== undefined && checkMarket(state, spec) === null;
  return { bid: quote?.bid ?? '0', ask: quote?.ask ?? '0', time_ms: trades ? nowMs : (quote?.time ?? 0) };
}

function act(context: BridgeContext, account: AccountRecord, action: GuardAction, nowMs: number): void {
  const { engine, guards } = context;
  const { login } = account;
  const { trip_id, tries } = guards.state(login);
  const attempt = tries[action.ticket]?.count ?? 0;
  const request = requestOf(engine.state, login, action);
  const command = { cmd_id: `guard:${trip_id ?? 'own'}:${action.ticket}`, attempt };
  crashIfArmed({ ...context, account }, 'crash_after_intent');
  const answer = engine.sendCommand(request, command);
  crashIfArmed({ ...context, account }, 'crash_after_send');
  guards.keepResult(login, { at: isoUtc(nowMs), trip_id, action, ...answer });
  const atMs = nowMs + guards.silence(login, nowMs).aheadMs;
  const acted = { ticket: action.ticket, retcode: answer.retcode, at_ms: atMs };
  guards.put(login, guardActed(guards.state(login), acted));
}

function requestOf(state: BrokerState, login: string, action: GuardAction): TradeRequest {
  const asked = { login, magic: MAGIC, comment: COMMENT, reason: 'expert' as const };
  if (action.kind === 'cancel') return { ...asked, action: 'remove', order: action.ticket };
  const { symbol, side, ticket: position, deviation_points } = action;
  const quote = state.tables.quote.get(symbol);
  return {
    ...{ ...asked, action: 'deal', symbol, side, position, deviation_points, sl: null, tp: null },
    volume: atOnce(state.tables.symbol.get(symbol), action.volume),
    price: (side === 'buy' ? quote?.ask : quote?.bid) ?? null,
  };
}

/** What is more than the broker takes at once goes on with the next look. */
function atOnce(spec: SymbolRecord | undefined, volume: string): string {
  return spec !== undefined && dec(volume).gt(spec.volume_max) ? spec.volume_max : volume;
}
