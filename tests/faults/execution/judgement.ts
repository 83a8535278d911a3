// What must hold of an account when its schedule is over, read from the broker's own state, from what reached the bridge
// and from our tables. Each sentence is something that is wrong.
import { Big } from 'big.js';
import type { Json } from '../../../infra/local/api-client.ts';
import type { Arrival } from '../broker-site.ts';
import type { Desk } from './desk.ts';
import { DECOY_LOGIN } from './schedule.ts';

/** States that nothing moves a command out of, unless the broker is found to have acted after all. */
const FINAL = ['done', 'partial', 'failed', 'expired', 'not_executed', 'placed', 'ended'];
const ACTED = ['done', 'partial', 'placed', 'ended'];
/** The bridge's words after which another attempt may follow without a look. */
const DEFINITE = ['failed', 'refused', 'expired'];
const DELIVERY = { approved: 1, executed: 3, closed: 4, cancelled: 5, expired: 6, failed: 7 } as const;
const ENDED_UNFILLED: readonly number[] = [DELIVERY.failed, DELIVERY.cancelled, DELIVERY.expired];
const HORIZON_SECONDS = 180;
/** Ends of a close of which nobody has to hear. */
const QUIET_ENDS = ['nothing-to-close', 'signal-cancelled'];

type Truth = { broker: Json; decoy: Json; journal: Json[]; commands: Json[] };

/** Everything that is wrong with the account; empty when it is as it must be. */
export async function judge(desk: Desk): Promise<string[]> {
  await desk.judgeHalt();
  const truth = await truthOf(desk);
  return [
    ...desk.faults,
    ...onceAtMost(desk, truth),
    ...inTime(desk, truth),
    ...rightAccount(desk, truth),
    ...withdrawn(desk, truth),
    ...oneAtATime(desk),
    ...settled(desk, truth),
    ...(await noneLost(desk, truth)),
    ...(await exitsEnded(desk, truth)),
    ...neverMore(truth),
    ...(await noExitHalted(desk)),
    ...(await sameBooks(desk, truth)),
  ];
}

/** What the broker and our commands say now. */
export async function truthOf(desk: Desk): Promise<Truth> {
  const report = desk.site.control('GET /state');
  const account = (login: string) => report.accounts.find((a: Json) => a.login === login);
  return {
    broker: account(desk.login),
    decoy: account(DECOY_LOGIN),
    journal: report.journal,
    commands: await desk.stage.sql('SELECT * FROM commands WHERE account_id = $1 ORDER BY created_at', [
      desk.accountId,
    ]),
  };
}

/**
 * Nothing is executed twice, no attempt is sent twice, none follows another that may have acted unless that was looked
 * for twice, and no two commands have one magic.
 */
export function onceAtMost(desk: Desk, { journal }: Truth): string[] {
  const wrong = journal
    .filter((j) => j.executed > 1)
    .map((j) => `command ${j.cmd_id} was executed ${j.executed} times`);
  const attempts = new Map<string, Arrival>();
  const owners = new Map<string, string>();
  for (const arrival of desk.site.arrivals) {
    const { cmdId, attempt, magic, lookups } = arrival;
    const before = attempts.get(cmdId);
    attempts.set(cmdId, arrival);
    if (before !== undefined && before.attempt >= attempt)
      wrong.push(`attempt ${attempt} of command ${cmdId} was sent after attempt ${before.attempt}`);
    else if (before !== undefined && lookups < 2 && !DEFINITE.includes(before.outcome ?? 'unknown'))
      wrong.push(
        `attempt ${attempt} of command ${cmdId} followed one that was ${before.outcome ?? 'on its way'}`,
      );
    if ((owners.get(magic) ?? cmdId) !== cmdId)
      wrong.push(`commands ${owners.get(magic)} and ${cmdId} have the same magic`);
    owners.set(magic, cmdId);
  }
  return wrong;
}

/** Nothing is sent after its time. */
export function inTime(desk: Desk, { commands }: Truth): string[] {
  return [
    ...desk.site.arrivals
      .filter((a) => a.arrivedMs > a.expiresMs)
      .map((a) => `command ${a.cmdId} came ${a.arrivedMs - a.expiresMs} ms after its time`),
    ...commands
      .filter((c) => c.sent_at !== null && c.sent_at > c.expires_at)
      .map((c) => `command ${c.id} was sent after its time`),
  ];
}

/** Nothing is meant for, or done to, another login than the one that the account is bound to. */
export function rightAccount(desk: Desk, { decoy }: Truth): string[] {
  const wrong = desk.site.arrivals
    .filter((a) => a.login !== desk.login)
    .map((a) => `command ${a.cmdId} was meant for ${a.login}`);
  const touched = [...decoy.deals.filter((d: Json) => d.type !== 'balance'), ...decoy.orders];
  return touched.length === 0 ? wrong : [...wrong, `${touched.length} deals and orders on another account`];
}

/** Under a halt that takes working orders back none of ours works. */
function withdrawn(desk: Desk, { broker, commands }: Truth): string[] {
  const ours = new Set(commands.map((c) => String(BigInt(c.magic) >> 4n)));
  return desk.withdraws
    ? broker.orders
        .filter((o: Json) => ours.has(String(BigInt(o.magic) >> 4n)))
        .map((o: Json) => `order ${o.ticket} works on in an account that was halted to take it back`)
    : [];
}

/** One command of an account at a time is with its bridge; what was cut off from us is nobody's to wait for. */
function oneAtATime(desk: Desk): string[] {
  const wrong: string[] = [];
  let last: Arrival | null = null;
  for (const arrival of desk.site.arrivals.filter((a) => !a.late)) {
    if (last !== null && (last.ended ?? Number.POSITIVE_INFINITY) > (arrival.began ?? 0))
      wrong.push(`commands ${last.cmdId} and ${arrival.cmdId} were with the bridge together`);
    last = arrival;
  }
  return wrong;
}

/** Every command has ended, as the broker says it did, and none was given up without having been looked for twice. */
export function settled(desk: Desk, { journal, commands, broker }: Truth): string[] {
  const executed = new Map<string, number>(journal.map((j) => [j.cmd_id, j.executed]));
  const working = new Set(broker.orders.map((o: Json) => o.magic));
  return commands.flatMap((c) => {
    // Whoever took the position out, or ended the order: nobody wanted more.
    const stands = broker.positions.some((p: Json) => p.identifier === c.instruction.pre.position_id);
    const works = broker.orders.some((o: Json) => o.ticket === c.instruction.order.order_ticket);
    const over = { close: !stands, modify_sltp: !stands, cancel: !works };
    const overtaken = c.state === 'done' && over[c.kind as keyof typeof over] === true;
    const acted = (executed.get(c.id) ?? 0) > 0 || overtaken;
    const name = `command ${c.id} (${c.kind}) is ${c.state}`;
    if (!FINAL.includes(c.state)) return [`${name} at the end`];
    if (acted !== ACTED.includes(c.state) && !working.has(c.magic))
      return [`${name}, and the broker executed it ${executed.get(c.id) ?? 0} times`];
    if (c.state !== 'not_executed') return [];
    const seconds = (c.resolved_at - c.sent_at) / 1000;
    const lookups = desk.site.lookups.get(c.id) ?? 0;
    return seconds < HORIZON_SECONDS || lookups < 2
      ? [`${name} after ${seconds} s and ${lookups} look-ups`]
      : [];
  });
}

/** Every approval has become a command, or a refusal with a name. */
async function noneLost(desk: Desk, { commands }: Truth): Promise<string[]> {
  const rows = await desk.stage.sql(
    `SELECT p.id, d.status, d.refusal, coalesce(x.state = 'done', false) AS closed FROM approvals p
       JOIN deliveries d ON d.signal_id = p.signal_id AND d.user_id = p.user_id
       LEFT JOIN exits x ON x.approval_id = p.id
     WHERE p.account_id = $1 AND p.decision = 1`,
    [desk.accountId],
  );
  return rows.flatMap(({ id, status, refusal, closed }) => {
    // A close that only took entries back has no order of its own.
    const acted = closed && status === DELIVERY.executed;
    const own = commands.filter((c) => c.approval_id === id);
    const states = own.map((c) => c.state);
    const name = `approval ${id} with ${states.join(', ') || 'no command'} has status ${status} (${refusal})`;
    if (own.length === 0) {
      const named = status === DELIVERY.failed && refusal !== null;
      return named || acted || status === DELIVERY.cancelled ? [] : [name];
    }
    if (acted) return [];
    // Taken back before anything was sent.
    if (status === DELIVERY.cancelled && own.every((c) => c.reason === 'signal-cancelled')) return [];
    // A working order leaves it approved; one that filled or ended moves it.
    const fits = states.some((s) => s === 'done' || s === 'partial')
      ? status === DELIVERY.executed || status === DELIVERY.closed
      : states.includes('placed') || (ENDED_UNFILLED.includes(status) && refusal !== null);
    return fits ? [] : [name];
  });
}

/**
 * Every close has ended: as done, or for want of anything to close, only where nothing is left of what its producer's
 * entries opened or placed that were approved before it, and otherwise, unless nobody wanted it any more, with an alert.
 */
async function exitsEnded(desk: Desk, { broker }: Truth): Promise<string[]> {
  const rows = await desk.stage.sql(
    `SELECT x.approval_id AS id, x.state, x.reason, q.terms->>'side' AS side, s.instrument, (SELECT coalesce(array_agg((c.magic >> 4)::text), '{}')
         FROM commands c JOIN approvals e ON e.id = c.approval_id JOIN signals o ON o.id = c.signal_id
         WHERE c.account_id = x.account_id AND c.kind IN ('open', 'place') AND o.instrument = s.instrument
           AND e.terms->>'side' <> q.terms->>'side' AND e.created_at <= q.created_at) AS numbers,
       EXISTS (SELECT 1 FROM alerts a WHERE a.kind = 'close-incomplete' AND a.subject_id = x.approval_id::text) AS told
     FROM exits x JOIN approvals q ON q.id = x.approval_id JOIN signals s ON s.id = q.signal_id WHERE x.account_id = $1`,
    [desk.accountId],
  );
  return rows.flatMap(({ id, state, reason, numbers, told }) => {
    const name = `close ${id} is ${state} (${reason})`;
    if (state === 'open') return [`${name} at the end`];
    if (told === (state === 'done' || QUIET_ENDS.includes(reason)))
      return [`${name}, and ${told ? 'an' : 'no'} alert says so`];
    if (state === 'failed' && reason !== 'nothing-to-close') return [];
    const isOf = (row: Json): boolean => numbers.includes(String(BigInt(row.magic) >> 4n));
    // Where positions merge, the rest of one may be a person's and have our magic all the same.
    const left = [
      ...broker.positions.filter((p: Json) => isOf(p) && leftOf(broker.deals, p.identifier, isOf).gt(0)),
      ...broker.orders.filter(isOf),
    ];
    return left.map((row: Json) => `${name}, and ${row.identifier ?? row.ticket} still stands`);
  });
}

/** Lots of a position that entries of ours put in, less what all our deals took out of it. */
function leftOf(deals: readonly Json[], position: string, isEntry: (deal: Json) => boolean): Big {
  return deals
    .filter((d) => d.position_id === position && d.entry !== null && d.magic !== '0')
    .reduce((left, d) => {
      if (d.entry !== 'in' && d.entry !== 'inout') return left.minus(d.volume);
      return isEntry(d) ? left.plus(d.volume) : left;
    }, new Big(0));
}

/** Of no position our closes took more than our entries had opened, nor did a close ever open anything. */
function neverMore({ broker, commands }: Truth): string[] {
  const kinds = new Map<string, string>(commands.map((c) => [String(BigInt(c.magic) >> 4n), c.kind]));
  const wrong: string[] = [];
  const ours = new Map<string, Big>();
  const isHand = (deal: Json): boolean => deal.magic === '0' && deal.entry === 'in';
  for (const deal of broker.deals.filter((d: Json) => d.entry !== null && d.position_id !== '0')) {
    const kind = kinds.get(String(BigInt(deal.magic) >> 4n));
    const isIn = deal.entry === 'in' || deal.entry === 'inout';
    if (kind === 'close' && isIn) wrong.push(`a close opened something by deal ${deal.ticket}`);
    if (kind === undefined) continue;
    if (kind !== 'close' && !isIn) {
      // What a person opens between the last snapshot and the order is met at the broker alone.
      if (!broker.deals.some((d: Json) => d.position_id === deal.position_id && isHand(d)))
        wrong.push(`an entry took something out by deal ${deal.ticket}`);
      continue;
    }
    const before = ours.get(deal.position_id) ?? new Big(0);
    ours.set(deal.position_id, isIn ? before.plus(deal.volume) : before.minus(deal.volume));
  }
  for (const [position, left] of ours)
    if (left.lt(0)) wrong.push(`of position ${position} our closes took ${left.abs()} more than was ours`);
  return wrong;
}

/** What only reduces risk is refused for no halt. */
async function noExitHalted(desk: Desk): Promise<string[]> {
  const rows = await desk.stage.sql(
    `SELECT coalesce(c.id::text, p.id::text) AS id, d.refusal FROM approvals p JOIN signals s ON s.id = p.signal_id
       JOIN deliveries d ON d.signal_id = p.signal_id AND d.user_id = p.user_id
       LEFT JOIN commands c ON c.approval_id = p.id
     WHERE p.account_id = $1 AND s.intent = 'close'
       AND (d.refusal IN ('account-halted', 'deployment-halted') OR c.reason IN ('account-halted', 'deployment-halted'))`,
    [desk.accountId],
  );
  return rows.map(({ id, refusal }) => `close ${id} was refused by a halt (${refusal})`);
}

/** Our open trades are the broker's positions, our deals the broker's deals, our money the broker's money. */
async function sameBooks(desk: Desk, { broker }: Truth): Promise<string[]> {
  const { sql } = desk.stage;
  const trades = await sql(
    `SELECT position_id, symbol, side, volume_open::text, status, net::text FROM trades WHERE account_id = $1`,
    [desk.accountId],
  );
  const line = (id: string, symbol: string, side: string, volume: string) =>
    `${id} ${symbol} ${side} ${new Big(volume).toFixed()}`;
  const ours = trades
    .filter((t) => t.status !== 'closed')
    .map((t) => line(t.position_id, t.symbol, t.side, t.volume_open));
  const theirs = broker.positions.map((p: Json) => line(p.identifier, p.symbol, p.type, p.volume));
  const wrong: string[] = [];
  if (ours.toSorted().join() !== theirs.toSorted().join())
    wrong.push(`our open trades are [${ours}], the broker's positions [${theirs}]`);
  const [stored] = await sql('SELECT count(*)::int AS n FROM broker_deals WHERE account_id = $1', [
    desk.accountId,
  ]);
  if (stored.n !== broker.deals.length)
    wrong.push(`${stored.n} of ${broker.deals.length} deals are in the books`);
  const net = trades.reduce((total: Big, t: Json) => total.plus(t.net), new Big(0));
  const deposited = broker.deals
    .filter((d: Json) => d.type === 'balance')
    .reduce((total: Big, d: Json) => total.plus(d.profit), new Big(0));
  if (!deposited.plus(net).eq(broker.balance))
    wrong.push(`deposits ${deposited} and trades ${net} are not the balance ${broker.balance}`);
  return wrong;
}
