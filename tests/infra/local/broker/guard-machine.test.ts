// The bridge's own guard, by the table of cases that the reference bridge in Python runs as well.
import { describe, expect, it } from 'vitest';
import {
  type GuardStep,
  guardActed,
  guardOrdered,
  guardStep,
  guardTold,
  type Terminal,
} from '../../../../infra/local/broker/guard-machine.ts';
import {
  type GuardAction,
  type GuardSample,
  type GuardState,
  guardOrderSchema,
  guardReport,
  idleGuard,
} from '../../../../infra/local/broker/guard-order.ts';
import { guardMetMs, guardRestMs } from '../../../../infra/local/broker/guard-pace.ts';
import table from '../../guard-cases.json' with { type: 'json' };

type Row = [string, string, object?];
type Step = {
  order?: object;
  terminal?: Terminal;
  at?: number;
  silent?: number;
  quoted?: number;
  sample?: { positions?: Row[]; orders?: string[]; deals?: [string, string, string][] } & object;
  acted?: { ticket: string; retcode: number | null };
  told?: boolean;
  restart?: boolean;
  /** In seconds: when it is asked how long it may rest, since its last look, and the moment that it has met. */
  rest?: { at: number; since: number; met?: number };
  expect?: object;
};
const BEGINS_MS = Date.parse(table.begins);
const TERMINAL = { login: table.order.login, server: table.order.server };

function sampleOf({ at = 0, silent = 0, quoted = at, sample = {} }: Step): GuardSample {
  const { positions = [], orders = [], deals = [], ...figures } = sample;
  const time_ms = BEGINS_MS + quoted * 1000;
  const quote = { bid: '1', ask: '1.1', time_ms };
  return {
    ...table.sample,
    ...{ at_ms: BEGINS_MS + at * 1000, silent_ms: silent * 1000, is_readable: true },
    quotes: { XAUUSD: quote, EURUSD: quote },
    ...figures,
    positions: positions.map(([name, profit, other = {}]) => ({
      ...(table.positions as Record<string, object>)[name],
      profit,
      ...other,
    })) as GuardSample['positions'],
    orders: orders.map((name) => (table.orders as Record<string, object>)[name]) as GuardSample['orders'],
    deals: deals.map(([ticket, type, money]) => ({ ticket, type, money })),
  };
}

const told = (action: GuardAction): string =>
  action.kind === 'cancel'
    ? `cancel ${action.ticket}`
    : `close ${action.ticket} ${action.side} ${action.volume} ${action.deviation_points}`;

function rested(state: GuardState, { at, since, met }: NonNullable<Step['rest']>) {
  const nowMs = BEGINS_MS + at * 1000;
  const metMs = met === undefined ? null : BEGINS_MS + met * 1000;
  const nextMetMs = guardMetMs(state, nowMs, metMs);
  return {
    rest: guardRestMs(state, nowMs, { sinceMs: since * 1000, metMs }) / 1000,
    met: nextMetMs === null ? null : (nextMetMs - BEGINS_MS) / 1000,
  };
}

function after(state: GuardState, atMs: number, step: Step): Partial<GuardStep> & { state: GuardState } {
  if (step.order !== undefined) {
    const order = guardOrderSchema.parse({ ...table.order, ...step.order });
    return { state: guardOrdered(state, order, step.terminal ?? TERMINAL) };
  }
  if (step.acted !== undefined) return { state: guardActed(state, { ...step.acted, at_ms: atMs }) };
  if (step.told) return { state: guardTold(state) };
  if (step.rest) return { state };
  if (step.restart) return { state: JSON.parse(JSON.stringify(state)) };
  return guardStep(state, sampleOf(step));
}

describe('the guard of a bridge', () => {
  it.each(table.cases.map((one) => [one.name, one.steps as Step[]] as const))('%s', (_name, steps) => {
    let state = idleGuard();
    let atMs = BEGINS_MS;
    for (const [index, step] of steps.entries()) {
      if (step.at !== undefined) atMs = BEGINS_MS + step.at * 1000;
      const { actions = [], rejected, is_urgent, ...next } = after(state, atMs, step);
      state = next.state;
      const shown = {
        ...{ step: index, ...guardReport(state), units: state.units, peak: state.peak },
        ...{ actions: actions.map(told), rejected, urgent: is_urgent },
        ...(step.rest && rested(state, step.rest)),
      };
      expect(shown).toMatchObject({ step: index, ...step.expect });
    }
  });
});
