// What `GET /state` tells: the broker's whole truth, for judging everything that talks to it.
import { accountRecords, accountRow } from './bridge-snapshot.ts';
import type { BrokerHost } from './broker-host.ts';
import type { ExecutionRecord } from './broker-records.ts';
import { TIMEFRAMES } from './candle-book.ts';
import { isoUtc, symbolRow } from './wire-rows.ts';

/** Accounts with all their records, symbols with prices and candle counts, armed faults, journal with executions. */
export function stateReport(host: BrokerHost) {
  const { state } = host.engine;
  const { account, bridge, fault } = state.tables;
  return {
    boot_id: host.bootId,
    clock: { mode: state.clock().mode, now: isoUtc(state.nowMs()), real_now: isoUtc(host.realNowMs()) },
    accounts: [...account.values()].map((row) => ({
      ...accountRow(state, row),
      server_tz: row.server_tz,
      ...accountRecords(state, row),
    })),
    bridges: [...bridge.values()].map(({ bridge_id, login }) => ({
      bridge_id,
      login,
      path: `/bridge/${login}`,
    })),
    symbols: symbolsReport(host),
    faults: [...fault.values()],
    journal: journalReport(host),
  };
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

function journalReport(host: BrokerHost) {
  const executions = [...host.engine.state.tables.execution.values()];
  const total = (rows: ExecutionRecord[], key: 'sent' | 'executed') =>
    rows.reduce((sum, row) => sum + row[key], 0);
  return host.journal.all().map(({ login, cmd_id, attempts }) => {
    const rows = executions.filter((row) => row.cmd_id === cmd_id && row.login === login);
    return {
      cmd_id,
      login,
      sent: total(rows, 'sent'),
      executed: total(rows, 'executed'),
      attempts: attempts.map(({ attempt, intent, result }) => ({
        attempt,
        kind: intent?.command.kind ?? null,
        magic: intent?.command.evidence.magic ?? null,
        state: result ? 'result' : 'intent',
        result,
      })),
    };
  });
}
