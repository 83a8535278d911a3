// Courses that an account's books may take and that chance alone would rarely make: every row of the broker's table of
// differences (domain 2.5), and every fault where there is something for it to spoil.
import { type Fault, HAZARDS, LATE } from '../execution/schedule.ts';
import { CHARGES, type Step } from './ledger-step.ts';

const REPLY_FAULTS = HAZARDS.filter((h) => h.on === 'snapshot');
const ORDER_FAULTS = HAZARDS.filter(
  (h) =>
    h.on === null || (h.on === 'execute' && ['timeout_after', 'drop', 'duplicate', LATE].includes(h.kind)),
).filter((h) => !h.kind.startsWith('skew:') && (!h.kind.startsWith('reject:') || h.kind === 'reject:10006'));
const SKEWED: Fault = { do: 'fault', kind: 'skew:-100', on: null, times: 1 };
export const RARE_FAULTS = ['slow', 'huge', 'timeout_before', 'timeout_after'];
const ofWire = (kind: string): Fault => ({ do: 'fault', kind, on: 'snapshot', times: 1 });
const WIRE_FAULTS: readonly Fault[] = [
  ...['duplicate', 'garbage', 'http_500', 'bad_signature', 'cut_reply', ...RARE_FAULTS].map(ofWire),
];
export const SNAPSHOT_FAULTS: readonly Fault[] = [...REPLY_FAULTS, ...WIRE_FAULTS, SKEWED].filter(
  (f, i, all) => all.findIndex((g) => g.kind === f.kind) === i,
);
/** The faults that a whole run must have met, as the census names them. */
export const FAULTS: readonly string[] = [
  ...new Set([...SNAPSHOT_FAULTS, ...ORDER_FAULTS].map((f) => f.kind)),
];

export type Subject = { steps: readonly Step[]; nets?: boolean };

export const LOOK: Step = { do: 'reconcile', wait: true };
export const SETTLE: Step = { do: 'settle' };
export const BUY = {
  do: 'open',
  instrument: 'BTCUSD',
  side: 'buy',
  lots: 4,
  stops: true,
  as: 'hand',
} as const;
const MANY: Step = { ...BUY, lots: 12, stops: false };
const HELD: Step = { ...BUY, stops: false };
export const SELL: Step = { ...BUY, side: 'sell' };
export const BOT = { do: 'approve', instrument: 'BTCUSD', side: 'buy', type: 'market', stops: true } as const;
const LIMIT: Step = { ...BOT, type: 'limit' };
const BRIEF: Step = { ...BOT, type: 'limit', hours: 2 };
const BOT_OUT: Step = { do: 'close', instrument: 'BTCUSD', side: 'sell' };
export const NIGHT: Step = { do: 'night', nights: 1 };
export const OUT: Step = { do: 'out', nth: 0 };
export const PART: Step = { do: 'part', nth: 0 };
export const TURN: Step = { do: 'turn', instrument: 'BTCUSD' };
export const PAIR: Step = { do: 'pair', instrument: 'BTCUSD', even: false };
const STOP: Step = { do: 'hit', what: 'sl', nth: 0 };
export const TARGET: Step = { do: 'hit', what: 'tp', nth: 0 };
export const FILL: Step = { do: 'hit', what: 'order', nth: 0 };
const BARE: Step = { do: 'stops', nth: 0, set: false };
const SHIFT: Step = { do: 'shift', nth: 0 };
const TAKE_BACK: Step = { do: 'take-back', nth: 0 };
export const DEPOSIT: Step = { do: 'cash', what: 'deposit', amount: 250_000 };
export const BLANK: Step = { do: 'boot', emptyHistory: 1 };
export const PARTIAL: Step = { do: 'fault', kind: 'partial_fill', on: null, times: 1 };
export const place = (side: 'buy' | 'sell', expires: boolean): Step => ({
  ...{ do: 'place', instrument: 'BTCUSD', side, lots: 8, expires },
});
export const cancelDeal = (nth: number): Step => ({ do: 'cancel-deal', nth });
const ticket = (deals: boolean): Step => ({ do: 'ticket', nth: 0, deals });
export const clock = (minutes: number): Step => ({ do: 'clock', minutes });
const move = (permille: number): Step => ({ do: 'move', instrument: 'BTCUSD', permille });
const pass = (seconds: number): Step => ({ do: 'pass', seconds });
const on = (...steps: readonly Step[]): Subject => ({ steps });
const netting = (...steps: readonly Step[]): Subject => ({ steps, nets: true });
const hedging = (...steps: readonly Step[]): Subject => ({ steps, nets: false });

const COURSES: readonly Subject[] = [
  on(BUY, LOOK, NIGHT, PART, LOOK, STOP, LOOK),
  on(BUY, LOOK, TARGET, LOOK),
  hedging(BUY, SELL, LOOK, PAIR, LOOK, OUT, LOOK),
  netting(BUY, LOOK, NIGHT, TURN, LOOK, TURN, TURN, LOOK),
  on(HELD, LOOK, { do: 'cash', what: 'deposit', amount: 500_000 }, LOOK, { do: 'stop-out' }, LOOK),
  on(BUY, PART, LOOK, cancelDeal(1), LOOK, NIGHT, LOOK),
  on(BUY, LOOK, cancelDeal(0), LOOK),
  on(BUY, PART, OUT, LOOK, cancelDeal(2), LOOK, OUT, LOOK),
  on(BUY, NIGHT, ticket(true), LOOK, ticket(false), LOOK, NIGHT, LOOK),
  // Filled in part, closed, and filled again: the number of a closed position comes back.
  hedging(place('buy', false), LOOK, PARTIAL, FILL, LOOK, OUT, LOOK, FILL, LOOK),
  on(place('sell', true), LOOK, NIGHT, LOOK),
  on(place('sell', false), LOOK, SHIFT, LOOK, TAKE_BACK, LOOK),
  on(BOT, SETTLE, LOOK, NIGHT, LOOK, PART, LOOK, OUT, LOOK),
  on(BOT, SETTLE, LOOK, BARE, LOOK, BOT_OUT, SETTLE, LOOK),
  on(BOT, SETTLE, BARE, LOOK, SETTLE, LOOK),
  on(LIMIT, SETTLE, LOOK, FILL, LOOK, TARGET, LOOK),
  on(LIMIT, SETTLE, LOOK, SHIFT, LOOK, TAKE_BACK, LOOK),
  on(BRIEF, SETTLE, LOOK, NIGHT, LOOK),
  on(BRIEF, SETTLE, LOOK, { do: 'late' }, LOOK, SETTLE, LOOK),
  on(LIMIT, SETTLE, LOOK, { do: 'cash', what: 'withdrawal', amount: 1_990_000 }, FILL, LOOK),
  on(PARTIAL, BOT, SETTLE, LOOK),
  on({ do: 'lose' }, BOT, SETTLE, move(0.1), LOOK, SETTLE, LOOK),
  hedging(BOT, SETTLE, LOOK, { ...BUY, as: 'twin' }, LOOK, OUT, LOOK),
  on({ ...BUY, as: 'orphan' }, LOOK, PART, LOOK, OUT, LOOK),
  on({ do: 'odd' }, LOOK, OUT, LOOK),
  on(
    { ...BUY, as: 'program' },
    LOOK,
    ...CHARGES.map((type): Step => ({ do: 'charge', type, amount: 1_234 })),
    LOOK,
  ),
  on(BUY, LOOK, OUT, BLANK, LOOK, LOOK),
  on(BUY, LOOK, PART, BLANK, LOOK, LOOK, BUY, BLANK, LOOK, LOOK),
  netting(BUY, LOOK, TURN, BLANK, LOOK, LOOK),
  on(BUY, LOOK, DEPOSIT, OUT, BLANK, LOOK, DEPOSIT, LOOK),
  on(BUY, LOOK, PART, BLANK, DEPOSIT, LOOK, PART, LOOK),
  on(BUY, LOOK, clock(-60), PART, LOOK, clock(60), LOOK),
  on(BUY, LOOK, { do: 'ahead' }, LOOK, PART, LOOK),
  on(MANY, move(20), LOOK, { do: 'fault', kind: 'torn', on: 'snapshot', times: 1 }, LOOK, LOOK),
  on(BUY, NIGHT, { do: 'twice' }, OUT, { do: 'twice' }),
  on(
    { do: 'fault', kind: 'timeout_after', on: 'execute', times: 1 },
    BOT,
    SETTLE,
    pass(200),
    LOOK,
    pass(45),
    LOOK,
  ),
  on({ do: 'fault', kind: 'drop', on: 'execute', times: 1 }, BOT, SETTLE, pass(200), LOOK, pass(45), LOOK),
  ...ORDER_FAULTS.map((f) => on(f, BOT, SETTLE, LOOK)),
];
const SPOILED = SNAPSHOT_FAULTS.map((f) =>
  on(BUY, LOOK, NIGHT, PART, f, LOOK, OUT, f, LOOK, { do: 'cash', what: 'withdrawal', amount: 12_345 }, LOOK),
);

/** What every so many schedules begin with. */
export const SUBJECTS: readonly Subject[] = [...COURSES, ...SPOILED];
