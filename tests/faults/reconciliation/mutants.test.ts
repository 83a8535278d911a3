// The schedules of the books must notice when what an invariant rests on is gone: each mutation takes it out, and what is said
// to be wrong must carry that invariant's number, in a course that comes to where it matters.
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { runs } from '../../support/property.ts';
import type { Fault } from '../execution/schedule.ts';
import { type Mutation, mutated } from '../mutant.ts';
import { mutantsOfRun } from '../mutants-of-run.ts';
import { openStage, startGround } from '../stage.ts';
import {
  BLANK,
  BOT,
  BUY,
  cancelDeal,
  clock,
  DEPOSIT,
  FILL,
  LOOK,
  NIGHT,
  OUT,
  PAIR,
  PART,
  PARTIAL,
  place,
  SELL,
  SETTLE,
  TARGET,
  TURN,
} from './ledger-courses.ts';
import { nets } from './ledger-schedule.ts';
import type { Step } from './ledger-step.ts';
import { runLedgerSchedules } from './run-ledger-schedules.ts';
import { takeNotes } from './witness.ts';

/** The same each time: with how few schedules a loss is noticed is a matter of luck. `FC_SEED` takes others. */
const SHORT_SEED = -872_869_243;
const seed = process.env['FC_SEED'] === undefined ? SHORT_SEED : runs().seed;
const RUN_MS = 180_000;
const faulty = (kind: string, on: Fault['on']): Fault => ({ do: 'fault', kind, on, times: 1 });

type Rule = {
  in?: Mutation['in'];
  file: string;
  piece: readonly [string, string];
  course: Step[];
  nets?: true;
};

/** By the number of the invariant and what it rests on. */
const RULES: Readonly<Record<string, Rule>> = {
  '1: each sort of money of a deal': {
    file: 'functions/reconciliation/reconcile.ts',
    piece: ['fee: d.fee,', "fee: '0',"],
    course: [BUY, LOOK],
  },
  '1: a cancelled deal in the balance of the books': {
    file: 'functions/ledger/booked-sums.ts',
    piece: ['const stated = versions.filter((d) => !isReversal(d));', 'const stated = versions;'],
    course: [BUY, PART, LOOK, cancelDeal(1), LOOK],
  },
  '1: what a version replaces in the sums': {
    file: 'functions/ledger/booked-sums.ts',
    piece: ['count(counted(known), -1n);', ''],
    course: [BUY, PART, LOOK, cancelDeal(1), LOOK],
  },
  '2: the money of a trade': {
    file: 'functions/ledger/trade-projection.ts',
    piece: ['money.profit.plus(money.swap).plus(', 'money.profit.plus('],
    course: [BUY, NIGHT, OUT, LOOK],
  },
  '3: what a broker states otherwise later': {
    file: 'functions/ledger/deal-revision.ts',
    piece: ['known.some((k) => isSameVersion(k, d))', 'known.length > 0'],
    course: [BUY, PART, LOOK, cancelDeal(1), LOOK],
  },
  '4: volume that goes out by a close-by': {
    file: 'functions/ledger/trade-projection.ts',
    piece: ['e.open = e.open.minus(out);', "if (d.entry !== 'out_by') e.open = e.open.minus(out);"],
    course: [BUY, SELL, LOOK, PAIR, LOOK],
  },
  '4: an end that is dated before its beginning': {
    file: 'functions/ledger/trade-projection.ts',
    piece: [
      '.sort((a, b) => byTicket(a.ticket, b.ticket));',
      '.sort((a, b) => a.timeMs - b.timeMs || byTicket(a.ticket, b.ticket));',
    ],
    course: [BUY, LOOK, clock(-60), PART, LOOK],
  },
  '5: the journal of the bridge': {
    in: 'broker',
    file: 'infra/local/broker/bridge-execute.ts',
    piece: ['journal.attempts(account.login, command.cmd_id)', '[] as JournalAttempt[]'],
    course: [faulty('duplicate', 'execute'), BOT, SETTLE, LOOK],
  },
  '6: the look at the login': {
    in: 'broker',
    file: 'infra/local/broker/command-request.ts',
    piece: ["if (pre.login !== account.login) return 'login_mismatch';", ''],
    course: [faulty('switch:1', 'execute'), BOT, SETTLE, LOOK],
  },
  '7: the look for a version that is stored': {
    file: 'functions/ledger/deal-revision.ts',
    piece: ['known.some((k) => isSameVersion(k, d))', 'known.length > 40'],
    course: [BUY, LOOK],
  },
  '8: what a position is after its reversal': {
    file: 'functions/reconciliation/open-state-store.ts',
    piece: [' opened_at = excluded.opened_at,', ''],
    course: [BUY, LOOK, NIGHT, TURN, LOOK],
    nets: true,
  },
  '9: the next life of a position that comes back': {
    file: 'functions/ledger/trade-projection.ts',
    piece: ['current === undefined || current.open.eq(0)', 'current === undefined'],
    course: [place('buy', false), LOOK, PARTIAL, FILL, LOOK, OUT, LOOK, FILL, LOOK],
  },
  '10: positions that are there no more': {
    file: 'functions/reconciliation/open-state-store.ts',
    piece: ['WHERE positions.account_id = acc.id', 'WHERE positions.account_id = acc.id AND false'],
    course: [BUY, LOOK, OUT, LOOK],
  },
  '11: the look at what a terminal could not read': {
    file: 'functions/reconciliation/snapshot-gate.ts',
    piece: ['Object.values(s.sections).some((ok) => !ok) || ', ''],
    course: [BUY, LOOK, faulty('failed:positions', 'snapshot'), LOOK],
  },
  '12: money that came is no gain': {
    file: 'functions/ledger/nav-series.ts',
    piece: ['const grown = equity - flow;', 'const grown = equity;'],
    course: [BUY, LOOK, OUT, LOOK],
  },
  '12: money that came before its deal is no gain': {
    file: 'functions/ledger/arrived-flows.ts',
    piece: ['const now = standingAt.get(i) ?? null;', 'const now = null as Standing | null;'],
    course: [BUY, LOOK, DEPOSIT, BLANK, LOOK, LOOK],
  },
  '14: the cause of an end': {
    file: 'functions/ledger/trade-projection.ts',
    piece: ['exitReason: flat ? last.deal.reason : null', 'exitReason: flat ? first.reason : null'],
    course: [BUY, LOOK, TARGET, LOOK],
  },
  '15: ids that follow from what they name': {
    file: 'functions/reconciliation/divergence-store.ts',
    piece: ['id: derivedId(accountId, nameOf(d))', 'id: derivedId(accountId, nameOf(d) + at.nowMs)'],
    course: [BUY, LOOK],
  },
};

const ground = await startGround();
afterAll(() => ground.stop());
await takeNotes(ground);

it.each(mutantsOfRun(RULES))(
  `notices that this is gone: %s (FC_SEED=${seed})`,
  async (name, rule) => {
    const mutation: Mutation = { in: rule.in ?? 'worker', file: rule.file, pieces: [rule.piece] };
    const stage = await openStage(ground, await mutated(mutation, ground.fixture.folder));
    const index = Array.from({ length: 100 }, (_, i) => i).find((i) => nets(i) === (rule.nets === true)) ?? 0;
    try {
      const at = { seed, from: index, count: 1 };
      const { failures } = await runLedgerSchedules(stage, at, () => fc.constant(rule.course));
      const wrong = failures.flatMap((f) => f.wrong);
      console.info(`without ${name}: ${wrong.length} times something is wrong, first: ${wrong[0]}`);
      expect(wrong.join('\n')).toContain(`(${Number.parseInt(name, 10)})`);
    } finally {
      await stage.close();
    }
  },
  RUN_MS,
);
