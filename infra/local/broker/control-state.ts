// What `GET /state` tells: the broker's whole truth, for judging everything that talks to it.
import { accountRecords, accountRow } from './bridge-snapshot.ts';
import type { BrokerHost } from './broker-host.ts';
import { TIMEFRAMES } from './candle-book.ts';
import { guardReport } from './guard-order.ts';
import { isoUtc, symbolRow } from './wire-rows.ts';

/**
 * Accounts with all their records, symbols with prices and candle counts, armed faults and how often each was used,
 * how often each return code was answered, journal with executions. With `login` only that account and its journal.
 */
export function stateReport(host: BrokerHost, login?: string) {
  const { state } = host.engine;
  const { account, bridge, fault } = state.tables;
  const isAsked = (row: { login: string }) => login === undefined || row.login === login;
  return {
    boot_id: host.bootId,
    clock: { mode: state.clock().mode, now: isoUtc(state.nowMs()), real_now: isoUtc(host.realNowMs()) },
    accounts: [...account.values()].filter(isAsked).map((row) => ({
      ...accountRow(state, row),
      server_tz: row.server_tz,
      comment_length: row.comment_length,
      keeps_magic: row.keeps_magic,
      ...accountRecords(state, row),
    })),
    bridges: [...bridge.values()].filter(isAsked).map(({ bridge_id, login }) => ({
      bridge_id,
      login,
      path: `/bridge/${login}`,
    })),
    guards: guardsReport(host).filter(isAsked),
    symbols: symbolsReport(host),
    faults: [...fault.values()],
    fault_uses: countsOf(host, 'fault:'),
    retcodes: countsOf(host, 'retcode:'),
    journal: journalReport(host).filter(isAsked),
  };
}

/** Of each bridge's guard that was told something: what it says of itself, and what it did. */
function guardsReport(host: BrokerHost) {
  const { guards } = host.bridgeContext();
  return guards
    .logins()
    .map((login) => ({ login, ...guardReport(guards.state(login)), results: guards.results(login) }));
}

function symbolsReport(host: BrokerHost) {
  const { state } = host.engine;
  const [first] = state.tables.account.values();
  return [...state.tables.symbol.values()].map((spec) => {
    const quote = state.tables.quote.get(spec.symbol);
    const entries = TIMEFRAMES.map(
      (timeframe) => [timeframe, state.candles.count(spec.symbol, timeframe)] as const,
    );
    const valued = first ? symbolRow(state, first, spec) : {};
    return {
      ...spec,
      ...valued,
      bid: quote?.bid,
      ask: quote?.ask,
      last_tick: isoUtc(quote?.time ?? 0),
      candles: Object.fromEntries(entries.filter(([, count]) => count > 0)),
    };
  });
}

function countsOf(host: BrokerHost, prefix: string): Record<string, number> {
  const counters = [...host.engine.state.tables.counter].filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(counters.map(([name, count]) => [name.slice(prefix.length), count]));
}

function journalReport(host: BrokerHost) {
  const executions = new Map<string, { sent: number; executed: number }>();
  for (const row of host.engine.state.tables.execution.values()) {
    const key = `${row.login}/${row.cmd_id}`;
    const { sent, executed } = executions.get(key) ?? { sent: 0, executed: 0 };
    executions.set(key, { sent: sent + row.sent, executed: executed + row.executed });
  }
  return host.journal.all().map(({ login, cmd_id, attempts }) => ({
    cmd_id,
    login,
    ...(executions.get(`${login}/${cmd_id}`) ?? { sent: 0, executed: 0 }),
    attempts: attempts.map(({ attempt, intent, result }) => ({
      attempt,
      kind: intent?.command.kind ?? null,
      magic: intent?.command.evidence.magic ?? null,
      state: result ? 'result' : 'intent',
      result,
    })),
  }));
}
