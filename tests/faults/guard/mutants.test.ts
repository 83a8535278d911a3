// The schedules must notice when a protection is gone: each mutation takes one out, and the judgement must say so of a course
// that comes to what the protection is there for, and of which it has nothing to say while the protection is in.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';
import { type Mutation, mutatedModule } from '../mutant.ts';
import { mutantsOfRun } from '../mutants-of-run.ts';
import { takeGuardNotes } from './guard-notes.ts';
import type { Step } from './guard-step.ts';
import { LANES, type Lane } from './guarded-account.ts';
import { runGuardSchedule } from './run-guard-schedules.ts';

const MACHINE = 'functions/risk/drawdown-guard.ts';
const RUN_MS = 180_000;

const HELD: readonly Step[] = [
  { do: 'hold', symbol: 'XAUUSD', side: 'buy', lots: '20' },
  { do: 'pass', seconds: 35 },
];
const pass = (seconds: number): Step => ({ do: 'pass', seconds });
const fall = (bps: number): Step => ({ do: 'fall', bps });
const fault = (kind: string, on: 'execute' | null, times = 1): Step => ({ do: 'fault', kind, on, times });

type Protection = Pick<Mutation, 'file' | 'pieces'> & {
  course: readonly Step[];
  lane?: Lane;
  noticed: RegExp;
};
const PROTECTIONS: Readonly<Record<string, Protection>> = {
  'the second sample': {
    file: MACHINE,
    pieces: [
      [
        'const apartMs = sample.atMs - (breach?.atMs ?? 0);',
        'const apartMs = 0; if (sample) return warn(turn, causes, false);',
      ],
    ],
    course: [...HELD, { do: 'spike', bps: 2_150 }, pass(65)],
    noticed: /\(2\) .* no fall that two samples had shown/,
  },
  'the latch': {
    file: MACHINE,
    pieces: [
      ["if (latched) become(turn, { phase: 'flat_latched' });\n  else endTrip(turn);", 'endTrip(turn);'],
    ],
    course: [...HELD, fall(2_100), pass(70)],
    noticed: /\(5\) .* without its latch/,
  },
  'the level trigger': {
    file: 'functions/execution/liquidation-plan.ts',
    pieces: [['busy: open.some(', 'busy: made.some((c) => c.own) || open.some(']],
    course: [...HELD, fall(2_100), fault('partial_fill', null), pass(60)],
    noticed: /\(1\) .* still stand/,
  },
  'the level trigger under the latch': {
    file: MACHINE,
    pieces: [
      ['if (!trip.stopped && !shadow && inScope > 0) {', 'if (!trip.stopped && !trip && inScope > 0) {'],
    ],
    course: [
      ...[...HELD, fall(2_100), pass(70)],
      ...([{ do: 'hold', symbol: 'EURUSD', side: 'sell', lots: '1' }, pass(70)] as const),
    ],
    noticed: /\(1\) .* still stand/,
  },
  'the adjustment for flows': {
    file: 'functions/risk/guard-reading.ts',
    pieces: [['const flow = money.arrived.plus(money.assumed);', 'const flow = money.arrived.times(0);']],
    course: [...HELD, { do: 'flow', type: 'deposit', amount: '-30000', timing: 'now' }, pass(35)],
    noticed: /\(3\) .* a unit was worth/,
  },
  'the block of entries from the first sight on': {
    file: 'functions/execution/command-queue-store.ts',
    pieces: [
      ["a.guard_phase NOT IN ('armed', 'empty')", "a.guard_phase NOT IN ('armed', 'empty', 'suspect')"],
    ],
    course: [
      ...[...HELD, pass(18), fault('disconnected', 'execute', 5), fall(2_100)],
      ...([{ do: 'approve', side: 'buy', type: 'market' }, pass(40)] as const),
    ],
    noticed: /\(1\) .* an entry was sent while the guard was suspect/,
  },
  'the second sample of a peak': {
    file: 'functions/risk/unit-nav.ts',
    pieces: [
      [
        'if (book.candidate === null) return { ...next, candidate: kept(nav) };',
        'if (book.candidate === null) return { ...next, peak: kept(nav), candidate: null };',
      ],
    ],
    course: [...HELD, { do: 'spike', bps: -900 }, pass(65)],
    noticed: /\(3\) .* the peak was .* none was above/,
  },
  'the deadline: nothing is closed before it': {
    file: MACHINE,
    pieces: [['if (hard || nowMs >= trip.deadlineMs) {', 'if (hard || nowMs >= trip.warnedMs) {']],
    course: [...HELD, fall(2_100), pass(70)],
    noticed: /\(6\) .* closed before its time/,
  },
  'the deadline: everything is closed at it': {
    file: MACHINE,
    pieces: [['if (hard || nowMs >= trip.deadlineMs) {', 'if (hard || nowMs >= trip.deadlineMs + 60_000) {']],
    course: [...HELD, pass(125), fall(2_100), pass(70)],
    noticed: /\(2\) down since .*, and no trip by/,
  },
  'the bridge’s own guard': {
    file: 'infra/local/broker/guard-machine.ts',
    pieces: [['breach.hard >= HARD_SAMPLES)', 'breach.hard >= 1_000 * HARD_SAMPLES)']],
    course: [...HELD, pass(125), { do: 'outage', of: 'cloud', seconds: 200 }, fall(2_700), pass(220)],
    lane: LANES.guarded,
    noticed: /\(7\) with us gone down far since/,
  },
};

let t: TestDatabase;
let folder: string;
beforeAll(async () => {
  t = await createTestDatabase();
  await takeGuardNotes(t);
  folder = await mkdtemp(join(tmpdir(), 'guard-mutants-'));
});
afterAll(async () => {
  await t?.drop();
  await rm(folder, { recursive: true, force: true });
});

describe.each(mutantsOfRun(PROTECTIONS))('%s', (_name, { course, file, lane, noticed, pieces }) => {
  const schedule = { index: 0, lane: lane ?? LANES.plain, steps: [...course] };

  it(
    'is there',
    async () => {
      expect((await runGuardSchedule(t, schedule)).failure?.wrong ?? []).toEqual([]);
    },
    RUN_MS,
  );

  it(
    'is noticed when it is gone',
    async () => {
      const entry = 'tests/faults/guard/run-guard-schedules.ts';
      const program = await mutatedModule<{ runGuardSchedule: typeof runGuardSchedule }>(
        { file, pieces },
        entry,
        folder,
      );
      // Another copy of what makes people and accounts begins with the same ones.
      const own = await createTestDatabase();
      try {
        await takeGuardNotes(own);
        const { failure } = await program.runGuardSchedule(own, schedule);
        expect(failure?.wrong.join('\n') ?? 'nothing is wrong').toMatch(noticed);
      } finally {
        await own.drop();
      }
    },
    RUN_MS,
  );
});
