// Carries out commands at most once each (domain.md 2.4 and 7.5).
// Invariants: journal look-up, checks, INTENT + fsync, order_send, RESULT + fsync, answer, in this order; an attempt
// with an intent is never sent again, only looked up while nobody knows how it ended; a later attempt is sent only where no
// earlier one left a trace at the broker, whatever its answer said; an attempt older than the newest known is never sent; nothing is opened under a magic
// that another command was sent with.
import type { Command, CommandResult } from './bridge-envelope.ts';
import type { BridgeJournal, JournalAttempt } from './bridge-journal.ts';
import type { BrokerEngine } from './broker-engine.ts';
import type { AccountRecord } from './broker-records.ts';
import { refusalReason, requestOf } from './command-request.ts';
import { evidenceOutcome } from './evidence.ts';
import { takeFault } from './fault-book.ts';
import { isAccepted, RETCODE, retcodeComment } from './retcodes.ts';
import type { TradeAnswer } from './trade-request.ts';
import { isoUtc } from './wire-rows.ts';

export interface ExecuteContext {
  engine: BrokerEngine;
  journal: BridgeJournal;
  account: AccountRecord;
  realNowMs: () => number;
  /** Dies where a crash fault says so; never returns. */
  crash: () => never;
}

const AMBIGUOUS: readonly number[] = [10011, 10012, 10031];
const OPENING: readonly Command['kind'][] = ['open', 'place'];
const ACTED: readonly CommandResult['outcome'][] = ['done', 'partial', 'placed'];

/** Executes a command or tells again how it ended. The result is in the journal before it is returned. */
export function executeCommand(context: ExecuteContext, command: Command): CommandResult {
  const { journal, account } = context;
  const attempts = journal.attempts(account.login, command.cmd_id);
  const same = attempts.find((row) => row.attempt === command.attempt);
  if (same) return settled(context, same);
  for (const earlier of attempts) {
    const result = settled(context, earlier);
    if (ACTED.includes(result.outcome)) return result;
  }
  if (attempts.some((row) => row.attempt > command.attempt)) {
    return { ...blank(context, command), outcome: 'refused', reason: 'stale_attempt' };
  }
  return sendOnce(context, command);
}

function sendOnce(context: ExecuteContext, command: Command): CommandResult {
  const { engine, journal, account, realNowMs } = context;
  const stopped = stopReason(context, command);
  const request = requestOf(account, command);
  if (stopped || !request) {
    const result = { ...blank(context, command), ...(stopped ?? refused('invalid_order')) };
    journal.writeResult(account.login, result);
    return result;
  }
  const sentAt = isoUtc(realNowMs());
  journal.writeIntent(account.login, command, sentAt);
  crashIfArmed(context, 'crash_after_intent');
  const answer = engine.sendCommand(request, { cmd_id: command.cmd_id, attempt: command.attempt });
  crashIfArmed(context, 'crash_after_send');
  const result: CommandResult = {
    ...blank(context, command),
    ...answer,
    outcome: outcomeOf(command, answer),
    broker_comment: retcodeComment(answer.retcode),
    t_sent: sentAt,
    t_done: isoUtc(realNowMs()),
  };
  journal.writeResult(account.login, result);
  return result;
}

type Stop = Pick<CommandResult, 'outcome' | 'reason'>;

function refused(reason: string): Stop {
  return { outcome: 'refused', reason };
}

function stopReason(context: ExecuteContext, command: Command): Stop | null {
  const { engine, account, realNowMs } = context;
  // Protocol freshness is judged by real UTC, whatever the simulated market's clock says.
  if (realNowMs() > Date.parse(command.expires_at))
    return { outcome: 'expired', reason: 'expired_before_sending' };
  const reason = refusalReason(engine.state, account, command);
  if (reason) return refused(reason);
  const { login } = account;
  // A caller that gives a number twice has lost its books: nobody could tell the two orders apart.
  const owner = context.journal.ownerOf(login, command.evidence.magic);
  if (OPENING.includes(command.kind) && owner !== null && owner !== command.cmd_id)
    return refused('magic_in_use');
  const cut = engine.transact(() =>
    takeFault(engine.state, { kinds: ['disconnected'], login, on: 'execute' }),
  );
  return cut ? refused('disconnected') : null;
}

function outcomeOf(command: Command, answer: TradeAnswer): CommandResult['outcome'] {
  if (AMBIGUOUS.includes(answer.retcode)) return 'unknown';
  if (!isAccepted(answer.retcode)) return 'failed';
  if (answer.retcode === RETCODE.donePartial) return 'partial';
  return command.kind === 'place' ? 'placed' : 'done';
}

/** How an attempt ended. What is open is looked up: the broker decides, and without a trace it stays open. */
function settled(context: ExecuteContext, { intent, result }: JournalAttempt): CommandResult {
  const { engine, journal, account } = context;
  if (result && (result.outcome !== 'unknown' || !intent)) return result;
  if (!intent) throw new Error('journal attempt without intent or result');
  const { command, at } = intent;
  const still = { ...blank(context, command), t_sent: at, reason: 'intent_without_result', ...result };
  const found = evidenceOutcome(engine.state, account, command);
  if (!found) return still;
  // The return code was that of the answer which told nothing.
  const ended = { ...still, retcode: null, ...found };
  journal.writeResult(account.login, ended);
  return ended;
}

function blank(context: ExecuteContext, command: Command): CommandResult {
  const quote = context.engine.state.tables.quote.get(command.order.symbol);
  return {
    cmd_id: command.cmd_id,
    attempt: command.attempt,
    outcome: 'unknown',
    retcode: null,
    order: null,
    deal: null,
    price: null,
    volume: null,
    bid: quote?.bid ?? null,
    ask: quote?.ask ?? null,
    broker_comment: '',
    t_sent: null,
    t_done: null,
    reason: null,
  };
}

/** Dies where that was armed for this point. */
export function crashIfArmed(
  context: Pick<ExecuteContext, 'engine' | 'account' | 'crash'>,
  kind: 'crash_after_intent' | 'crash_after_send',
): void {
  const { engine, account } = context;
  const fault = engine.transact(() => takeFault(engine.state, { kinds: [kind], login: account.login }));
  if (fault) context.crash();
}
