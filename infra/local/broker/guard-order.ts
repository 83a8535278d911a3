// What a bridge's guard is told, judged and done (domain.md 3.3, the bridge-local last resort), as plain JSON.
// Invariants: money, units and values of a unit are decimal text; times in ms are UTC by the other side's clock.
import { z } from 'zod';

const amount = z.string().regex(/^\d{1,20}(\.\d{1,40})?$/);
const money = z.string().regex(/^-?\d{1,20}(\.\d{1,40})?$/);
const bps = z.int().min(1).max(20_000);

export const guardOrderSchema = z.object({
  version: z.int().min(0),
  login: z.string().min(1).max(20),
  server: z.string().min(1).max(100),
  armed: z.boolean(),
  scope: z.enum(['all', 'own']),
  /** The upper 24 bits of our magic numbers. */
  namespace: z.int().min(0).max(0xff_ffff),
  units: amount,
  peak: amount,
  balance: money,
  credit: money,
  booked_to: z
    .string()
    .regex(/^\d{1,20}$/)
    .nullable(),
  trip_bps: bps,
  hard_bps: bps,
  equity_floor: money.nullable(),
  warning_ms: z.int().min(0).max(3_600_000),
  close: z
    .object({
      trip_id: z.string().min(1).max(100),
      not_before: z.iso.datetime({ offset: true }),
      revocable: z.boolean(),
    })
    .nullable(),
  latched: z.boolean(),
});
export type GuardOrder = z.infer<typeof guardOrderSchema>;

export interface GuardPosition {
  ticket: string;
  magic: string;
  symbol: string;
  side: 'buy' | 'sell';
  volume: string;
  profit: string;
  swap: string;
}

/** The terminal at one moment. */
export interface GuardSample {
  at_ms: number;
  /** For how long the other side has not been heard. */
  silent_ms: number;
  login: string;
  server: string;
  balance: string;
  credit: string;
  equity: string;
  positions: GuardPosition[];
  orders: { ticket: string; magic: string; symbol: string }[];
  /** All deals behind `booked_to`; more of them, and one twice, do no harm. */
  deals: { ticket: string; type: string; money: string }[];
  quotes: Record<string, { bid: string; ask: string; time_ms: number }>;
  /** False: some of it is no number, or the history is not whole yet, so that nothing can be concluded from money. */
  is_readable: boolean;
}

export type GuardAction =
  | { kind: 'cancel'; ticket: string; symbol: string }
  | {
      kind: 'close';
      ticket: string;
      symbol: string;
      side: 'buy' | 'sell';
      volume: string;
      deviation_points: number;
    };

export interface Breach {
  /** Breaching samples in a row, and how many of them, up to the last, were of the hard kind. */
  samples: number;
  hard: number;
  cause: string;
  at_ms: number;
  /** Of the losing symbols in the first of them. */
  quotes: GuardSample['quotes'];
}

export interface GuardState {
  order: GuardOrder | null;
  refused: 'login' | 'server' | null;
  phase: 'idle' | 'warned' | 'closing' | 'flat';
  cause: string | null;
  trip_id: string | null;
  since_ms: number | null;
  /** Whether this phase was reported since it began. */
  told: boolean;
  units: string;
  peak: string;
  /** Value of a unit in the last sample that was judged with all its money explained. */
  nav: string | null;
  /** Deals behind `booked_to`, as they were booked. */
  deals: Record<string, { money: string; is_flow: boolean }>;
  /** Flows among them whose units were made, and at which value of a unit. */
  flows: Record<string, { money: string; nav: string }>;
  /** Money that no deal explains, in the last sample. */
  drift: string;
  unsettled_ms: number | null;
  floor_off: boolean;
  equity: string | null;
  breach: Breach | null;
  /** Samples in a row far enough above the trip level. */
  recovered: number;
  empty_samples: number;
  tries: Record<string, { count: number; next_ms: number }>;
}

/** A guard that was told nothing yet. */
export const idleGuard = (): GuardState => ({
  ...{ order: null, refused: null, phase: 'idle', cause: null, trip_id: null, since_ms: null, told: false },
  ...{ units: '0', peak: '1', nav: null, deals: {}, flows: {}, drift: '0', unsettled_ms: null },
  ...{ floor_off: false, equity: null, breach: null, recovered: 0, empty_samples: 0, tries: {} },
});

/** What a restart must find again: without the rest it only counts anew. */
export function lastingPart(state: GuardState): object {
  const { equity: _equity, nav: _nav, breach: _breach, recovered: _recovered, ...lasting } = state;
  return lasting;
}

/** What the guard says of itself, as snapshots carry it. */
export function guardReport(state: GuardState) {
  return {
    version: state.order?.version ?? null,
    phase: state.phase,
    trip_id: state.trip_id,
    since: state.since_ms === null ? null : new Date(state.since_ms).toISOString(),
    cause: state.cause,
    equity: state.equity,
    samples: state.breach?.samples ?? 0,
    refused: state.refused,
  };
}
