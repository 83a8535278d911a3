// The guard without one of its rules must be told from the guard: each mutation takes a rule out of the source, and a course
// that rests on it must come out otherwise. The named piece must be there exactly once, or the mutation would be none.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOLD, GuardCourse } from './guard-course.ts';

type Guard = Pick<typeof import('../../functions/risk/drawdown-guard.ts'), 'guardStep'>;
type Rule = { file: string; piece: readonly [string, string]; course: (c: GuardCourse) => unknown };

const ROOT = new URL('../..', import.meta.url).pathname;
const down = (c: GuardCourse, equity: number): void => {
  c.open('buy', 3);
  c.look();
  c.moveTo(equity);
  c.look();
};
const warned = (c: GuardCourse): void => {
  down(c, 7_900);
  c.lookAnew();
};
const latched = (c: GuardCourse): void => {
  warned(c);
  c.lookAnew(10_000);
  c.closeAll();
  c.look();
  c.look();
};

/** It has cost more than there is, in a symbol that nobody has quoted. */
const WORTHLESS = {
  ...{
    identifier: '1',
    ticket: '1',
    symbol: 'NEW',
    side: 'buy' as const,
    volume: '1',
    priceCurrent: '1',
    ours: true,
  },
  ...{ profit: '-10005', swap: '0' },
};

/** By what is taken out. */
const RULES: Readonly<Record<string, Rule>> = {
  'the two samples of a breach': {
    file: 'drawdown-guard.ts',
    piece: [
      '  if (hard) {\n    warn(turn, causes, true);',
      '  if (hard || causes.length > 0) {\n    warn(turn, causes, true);',
    ],
    course: (c) => {
      down(c, 7_900);
      return c.phase;
    },
  },
  'the newer quote of the second': {
    file: 'drawdown-guard.ts',
    piece: ['(losing.length === 0 || isNewer(sample.quotes, losing, breach.quotes))', 'true'],
    course: (c) => {
      down(c, 7_900);
      c.look();
      return c.phase;
    },
  },
  'the second that lies between two': {
    file: 'drawdown-guard.ts',
    piece: ['apartMs >= CONFIRM_FROM_MS &&', 'apartMs >= 0 &&'],
    course: (c) => {
      down(c, 7_900);
      c.lookAnew(500);
      return c.phase;
    },
  },
  'the 15 s that two may lie apart': {
    file: 'drawdown-guard.ts',
    piece: ['const CONFIRM_TO_MS = 15_000;', 'const CONFIRM_TO_MS = 150_000;'],
    course: (c) => {
      down(c, 7_900);
      c.lookAnew(60_000);
      return c.phase;
    },
  },
  'the latch': {
    file: 'drawdown-guard.ts',
    piece: ["if (latched) become(turn, { phase: 'flat_latched' });\n  else endTrip(turn);", 'endTrip(turn);'],
    course: (c) => {
      latched(c);
      return c.phase;
    },
  },
  'the latch, where settings change': {
    file: 'drawdown-guard.ts',
    piece: ["(phase === 'tripped' || phase === 'flat_latched');", "phase === 'tripped';"],
    course: (c) => {
      latched(c);
      c.settings = { ...c.settings, mode: 'off' };
      c.look();
      return c.phase;
    },
  },
  'the two samples of being flat': {
    file: 'drawdown-guard.ts',
    piece: ['const SAMPLES_TO_BE_FLAT = 2;', 'const SAMPLES_TO_BE_FLAT = 1;'],
    course: (c) => {
      warned(c);
      c.lookAnew(10_000);
      c.closeAll();
      c.look();
      return c.phase;
    },
  },
  'that what stands there again is closed again': {
    file: 'drawdown-guard.ts',
    piece: [
      'if (!trip.stopped && !shadow && inScope > 0) {',
      'if (trip.stopped && !shadow && inScope > 0) {',
    ],
    course: (c) => {
      latched(c);
      c.open('buy', 1);
      c.look();
      return c.phase;
    },
  },
  'the deadline where a sample is not judged': {
    file: 'drawdown-guard.ts',
    piece: [
      'if (hard || nowMs >= trip.deadlineMs) {',
      'if (hard || (isAccepted && nowMs >= trip.deadlineMs)) {',
    ],
    course: (c) => {
      warned(c);
      c.look(10_000, { equity: 'NaN' });
      return c.phase;
    },
  },
  'that flows buy units': {
    file: 'guard-reading.ts',
    piece: ['const nav = navOf(state, equity, flow);', 'const nav = navOf(state, equity, new Big(0));'],
    course: (c) => {
      c.pay(-3_000);
      c.look();
      return [c.phase, c.downBps];
    },
  },
  'that units are kept': {
    file: 'guard-reading.ts',
    piece: ['money.arrived.eq(0) ? priced :', 'true ? priced :'],
    course: (c) => {
      c.pay(10_000);
      c.look();
      c.look();
      return c.state?.nav;
    },
  },
  'the wait for a flow that is not posted': {
    file: 'flow-settlement.ts',
    piece: ['if (unsettled.samples < 2 || waitedMs < WAIT_MS)', 'if (unsettled.samples < 0)'],
    course: (c) => {
      c.open('buy', 3);
      c.look();
      c.pay(-4_000, 'money');
      c.look();
      return c.phase;
    },
  },
  'that a deal without its money has not arrived': {
    file: 'flow-settlement.ts',
    piece: ['const found = likeliest(pending, gap.plus(total));', 'const found = likeliest(pending, total);'],
    course: (c) => {
      c.open('buy', 3);
      c.look();
      c.pay(10_000, 'deal');
      c.look();
      c.look(6_000);
      return [c.phase, c.downBps];
    },
  },
  'the two samples of a peak': {
    file: 'unit-nav.ts',
    piece: [
      'return { ...next, candidate: kept(nav) };\n  if (rises',
      'return { ...next, peak: kept(nav) };\n  if (rises',
    ],
    course: (c) => {
      c.open('buy', 3);
      c.look();
      c.moveTo(12_000);
      c.look();
      c.moveTo(10_000);
      c.look();
      return c.downBps;
    },
  },
  'that one quote makes no two samples of a peak': {
    file: 'guard-reading.ts',
    piece: ["? 'confirms' : 'candidate';", "? 'confirms' : 'confirms';"],
    course: (c) => {
      c.open('buy', 3);
      c.look();
      c.moveTo(12_000);
      c.look();
      c.look();
      return c.state?.peak;
    },
  },
  'that zeros are no empty account': {
    file: 'guard-reading.ts',
    piece: ["if (isNothing && money.kind !== 'settled')", "if (isNothing && money.kind === 'settled')"],
    course: (c) => {
      const zeros = { equity: '0', balance: '0', positions: [] };
      for (let i = 0; i < 4; i += 1) c.look(60_000, zeros);
      return c.phase;
    },
  },
  'that a jump is shown twice': {
    file: 'guard-reading.ts',
    piece: ['if (price.jump !== null) {', 'if (price.jump === undefined) {'],
    course: (c) => {
      c.open('buy', 3);
      c.look();
      c.tick(GOLD, 1_950);
      c.look();
      return c.phase;
    },
  },
  'that nothing left is a breach': {
    file: 'guard-breach.ts',
    piece: ["if (causes.includes('equity')) return true;", ''],
    course: (c) => {
      c.look(2_000, { equity: '-5', positions: [WORTHLESS] });
      return c.phase;
    },
  },
};

describe('a guard without', () => {
  let folder = '';
  let whole: Guard;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'guard-'));
    whole = await import('../../functions/risk/drawdown-guard.ts');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(Object.keys(RULES))('%s comes out otherwise', async (name) => {
    const rule = RULES[name];
    if (rule === undefined) throw new Error(name);
    const mutant = await mutated(rule, join(folder, `${Object.keys(RULES).indexOf(name)}.mjs`));
    const outcome = ({ guardStep }: Guard): unknown => rule.course(new GuardCourse(10_000, {}, guardStep));
    expect(outcome(mutant)).not.toEqual(outcome(whole));
  });
});

async function mutated({ file, piece: [piece, becomes] }: Rule, outfile: string): Promise<Guard> {
  const path = join(ROOT, 'functions/risk', file);
  const text = await readFile(path, 'utf8');
  const times = text.split(piece).length - 1;
  if (times !== 1) throw new Error(`${file} has ${times} times: ${piece}`);
  await build({
    entryPoints: [join(ROOT, 'functions/risk/drawdown-guard.ts')],
    outfile,
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node24', logLevel: 'silent' },
    plugins: [
      {
        name: 'mutation',
        setup: (hooks) =>
          hooks.onLoad({ filter: /\.ts$/ }, (source) =>
            source.path === path ? { contents: text.replace(piece, () => becomes), loader: 'ts' } : null,
          ),
      },
    ],
  });
  return import(/* @vite-ignore */ pathToFileURL(outfile).href);
}
