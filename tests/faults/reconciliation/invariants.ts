// What must hold of an account's books (domain 2.7), read from our tables and from the broker's own state. Each sentence is
// something that is wrong, and begins with the number of what it breaks. Number 13 is the guard's, which is off
// here: schedules of its own judge it (../guard), in which prices and time are what a fall needs.
import { Big } from 'big.js';
import type { Json } from '../../../infra/local/api-client.ts';
import { inTime, onceAtMost, rightAccount, settled, truthOf } from '../execution/judgement.ts';
import { expectedTrades } from './expected-trades.ts';
import type { LedgerDesk } from './ledger-desk.ts';

/** The exact sum of amounts. */
export const sum = (amounts: readonly (string | Big)[]): Big =>
  amounts.reduce<Big>((total, a) => total.plus(a), new Big(0));
const moneyOf = (d: Json): Big => sum([d.profit, d.swap, d.commission, d.fee]);

type Books = {
  account: Json;
  /** Every version of every deal. */
  versions: Json[];
  /** Of each deal the version that counts. */
  deals: Json[];
  trades: Json[];
  legs: Json[];
  positions: Json[];
  commands: Json[];
};

async function booksOf({ desk }: LedgerDesk): Promise<Books> {
  const { sql } = desk.stage;
  const rows = (text: string) => sql(text, [desk.accountId]);
  const [[account], versions, trades, legs, positions, commands] = await Promise.all([
    rows('SELECT state, unverified_at, booked, flowed, credited FROM accounts WHERE id = $1'),
    rows('SELECT * FROM broker_deals WHERE account_id = $1 ORDER BY ticket, revision'),
    rows('SELECT * FROM trades WHERE account_id = $1 ORDER BY position_id, episode'),
    rows('SELECT * FROM trade_legs WHERE account_id = $1 ORDER BY trade_id, leg'),
    rows('SELECT * FROM positions WHERE account_id = $1 ORDER BY identifier'),
    rows(
      `SELECT id, symbol, (magic >> 4)::text AS number FROM commands WHERE account_id = $1 AND kind IN ('open', 'place')`,
    ),
  ]);
  const deals = [...new Map(versions.map((d) => [d.ticket, d])).values()];
  return { account, versions, deals, trades, legs, positions, commands };
}

/** What must hold whenever nobody is at work and the last snapshot shows all there is. */
export async function judgeQuiet(of: LedgerDesk): Promise<string[]> {
  const [books, broker] = [await booksOf(of), of.broker];
  return [
    ...balanced(of, books, broker),
    ...summed(books),
    ...wholeMoney(of, books, broker),
    ...storedOnce(books, broker),
    ...attributed(books, broker),
    ...volumes(books, broker),
    ...endings(books, broker),
    ...converged(books, broker),
  ];
}

/** What must hold of all that was sent, and of how the books came to be, when a schedule is over. */
export async function judgeCourse(of: LedgerDesk): Promise<string[]> {
  const truth = await truthOf(of.desk);
  const numbered = (number: number, texts: string[]) => texts.map((text) => `(${number}) ${text}`);
  return [
    ...numbered(5, onceAtMost(of.desk, truth)),
    ...numbered(6, [...inTime(of.desk, truth), ...rightAccount(of.desk, truth)]),
    ...numbered(10, settled(of.desk, truth)),
    ...(await onlyForward(of)),
    ...(await soundInputAlone(of)),
  ];
}

/** 1. Balance and credit are what the deals booked, and equity is both and what is open. */
function balanced(of: LedgerDesk, { account, versions, positions }: Books, broker: Json): string[] {
  const wrong: string[] = [];
  const firsts = versions.filter((d) => d.revision === 0);
  // What was taken back before anybody saw it can be known from the broker alone.
  const unseen = firsts
    .filter((d) => d.type.endsWith('_canceled'))
    .map((d) => of.cancelled.get(d.ticket) ?? '0');
  const booked = sum([...firsts.filter((d) => d.type !== 'credit').map(moneyOf), ...unseen]);
  const credit = sum(firsts.filter((d) => d.type === 'credit').map(moneyOf));
  const open = sum(positions.flatMap((p) => [p.profit, p.swap]));
  const state = account.state ?? {};
  if (!booked.eq(broker.balance))
    wrong.push(`(1) the deals add up to ${booked}, the balance is ${broker.balance}`);
  if (!credit.eq(broker.credit))
    wrong.push(`(1) the credits add up to ${credit}, the credit is ${broker.credit}`);
  for (const key of ['balance', 'credit', 'equity'])
    if (!new Big(state[key]).eq(broker[key]))
      wrong.push(`(1) our ${key} is ${state[key]}, the broker's ${broker[key]}`);
  const equity = sum([state.balance, state.credit, open]);
  const unknown = !sum(unseen).eq(0);
  if ((account.unverified_at !== null) !== unknown)
    wrong.push(
      `(1) the books are ${unknown ? 'not ' : ''}marked as unverified, and ${sum(unseen)} is unknown`,
    );
  if (!equity.eq(state.equity))
    wrong.push(`(1) balance, credit and positions make ${equity}, equity is ${state.equity}`);
  return wrong;
}

const isCanceled = (d: Json): boolean => d.type.endsWith('_canceled');
const FLOWS = ['balance', 'credit', 'bonus', 'correction'];

/** 1. The sums that are carried along are those of all versions that count: the last one, and before a cancellation. */
function summed({ account, versions }: Books): string[] {
  const counted = new Map<string, Json>();
  // In the order of their revisions.
  for (const d of versions) {
    const before = counted.get(d.ticket);
    if (before === undefined || !isCanceled(d) || isCanceled(before)) counted.set(d.ticket, d);
  }
  const whole = (which: (d: Json) => boolean) => sum([...counted.values()].filter(which).map(moneyOf));
  const sums = {
    booked: whole(() => true),
    flowed: whole((d) => FLOWS.includes(d.type)),
    credited: whole((d) => d.type === 'credit'),
  };
  return Object.entries(sums)
    .filter(([name, amount]) => !amount.eq(account[name]))
    .map(([name, amount]) => `(1) ${name} is ${account[name]}, the deals make ${amount}`);
}

/** 2. The money of all trades, open or closed, with costs and flows of the account, is the change of its balance. */
function wholeMoney(of: LedgerDesk, { deals, trades, legs }: Books, broker: Json): string[] {
  const net = sum(trades.map((t) => t.net));
  const others = sum(deals.filter((d) => d.position_id === '0' && d.type !== 'credit').map(moneyOf));
  // A cancelled deal shows no money any more, and its correction takes back what it had booked.
  const cancelled = sum([...of.cancelled.values()]);
  const wrong: string[] = [];
  const total = net.plus(others).plus(cancelled);
  if (!total.eq(broker.balance))
    wrong.push(
      `(2) trades ${net}, the account's own ${others} and ${cancelled} taken back make ${total}, the balance is ${broker.balance}`,
    );
  for (const t of trades) {
    const parts = moneyOf(t);
    if (!parts.eq(t.net)) wrong.push(`(2) trade ${keyOf(t)} has net ${t.net} and parts of ${parts}`);
    const own = legs.filter((l) => l.trade_id === t.id);
    const realised = sum(own.map((l) => l.net));
    if (t.status === 'closed' && !realised.eq(t.net))
      wrong.push(`(2) closed trade ${keyOf(t)} has net ${t.net} and legs of ${realised}`);
    for (const l of own) if (!moneyOf(l).eq(l.net)) wrong.push(`(2) leg ${l.deal_ticket} has net ${l.net}`);
  }
  return wrong;
}

const keyOf = (t: Json): string => `${t.position_id}#${t.episode}`;
const FACTS = ['type', 'entry', 'order', 'position_id', 'reason', 'magic', 'symbol'] as const;
const FIGURES = ['volume', 'price', 'profit', 'swap', 'commission', 'fee'] as const;

/** 3. Every deal is stored once, as the broker now states it. */
function storedOnce({ deals }: Books, broker: Json): string[] {
  const ours = new Map(deals.map((d) => [d.ticket, { ...d, order: d.order_ticket }]));
  const wrong = broker.deals.flatMap((d: Json) => {
    const own: Json = ours.get(d.ticket);
    if (own === undefined) return [`(3) deal ${d.ticket} (${d.type}) is not in the books`];
    return [...FACTS.filter((f) => own[f] !== d[f]), ...FIGURES.filter((f) => !new Big(own[f]).eq(d[f]))].map(
      (f) => `(3) deal ${d.ticket} has ${f} ${own[f]}, at the broker ${d[f]}`,
    );
  });
  if (ours.size !== broker.deals.length)
    wrong.push(`(3) ${ours.size} deals are in the books, ${broker.deals.length} at the broker`);
  return wrong;
}

/** 3. Every deal that moves volume is in one trade, and every trade is whose magic opened it, or was the first of ours to join. */
function attributed({ trades, legs, commands }: Books, broker: Json): string[] {
  const expected = expectedTrades(broker.deals);
  const line = (key: string, closing: readonly string[], commandId: string | null) =>
    `${key} closed by [${closing.toSorted()}] of ${commandId ?? 'nobody'}`;
  const commandOf = (magic: string, symbol: string) =>
    commands.find((c) => c.number === String(BigInt(magic) >> 4n) && c.symbol === symbol)?.id ?? null;
  const theirs = expected.map((e) =>
    line(
      `${e.positionId}#${e.episode}`,
      e.legs,
      e.magics.map((magic) => commandOf(magic, e.symbol)).find((id) => id !== null) ?? null,
    ),
  );
  const ours = trades.map((t) =>
    line(
      keyOf(t),
      legs.filter((l) => l.trade_id === t.id).map((l) => l.deal_ticket),
      t.command_id,
    ),
  );
  return differences(3, 'trades', ours, theirs);
}

/** 4. What went in less what went out is never below nothing, and is what stands at the broker. */
function volumes({ deals, trades, positions }: Books, broker: Json): string[] {
  const signed = (rows: Json[], side: string, volume: string) => {
    const totals = new Map<string, Big>();
    for (const r of rows) {
      const id = r.position_id ?? r.identifier;
      totals.set(
        id,
        (totals.get(id) ?? new Big(0)).plus(new Big(r[volume]).times(r[side] === 'buy' ? 1 : -1)),
      );
    }
    return [...totals].filter(([, v]) => !v.eq(0)).map(([id, v]) => `${id} ${v.toFixed()}`);
  };
  const moved = deals.filter(
    (d) => /^(buy|sell)$/.test(d.type) && d.entry !== null && d.reason !== 'rollover',
  );
  const theirs = signed(broker.positions, 'type', 'volume');
  return [
    ...differences(4, 'volumes by deals', signed(moved, 'type', 'volume'), theirs),
    ...differences(4, 'volumes of open trades', signed(trades, 'side', 'volume_open'), theirs),
    ...differences(4, 'volumes shown', signed(positions, 'side', 'volume'), theirs),
    ...trades
      .filter((t) => new Big(t.volume_open).lt(0))
      .map((t) => `(4) trade ${keyOf(t)} has ${t.volume_open} open`),
  ];
}

/** 14. What is closed says why, and it is the broker's own cause. */
function endings({ trades }: Books, broker: Json): string[] {
  const ours = trades.map((t) => `${keyOf(t)} ${t.exit_reason}`);
  const theirs = expectedTrades(broker.deals).map((e) => `${e.positionId}#${e.episode} ${e.exitReason}`);
  return differences(14, 'ends', ours, theirs);
}

/** 10. Open and closed trades and what stands open are the broker's. */
function converged({ trades, positions }: Books, broker: Json): string[] {
  const number = (text: string | null) => (text === null ? 'none' : new Big(text).toFixed());
  const trade = (key: string, t: Json) =>
    `${key} ${t.side} ${t.status} ${number(t.volume)}/${number(t.open)}`;
  const ours = trades.map((t) => trade(keyOf(t), { ...t, open: t.volume_open }));
  const theirs = expectedTrades(broker.deals).map((e) =>
    trade(`${e.positionId}#${e.episode}`, { ...e, open: e.volumeOpen }),
  );
  const place = (p: Json, side: string, sl: string | null, tp: string | null) =>
    `${p.identifier}/${p.ticket} ${side} ${number(p.volume)} sl ${number(sl)} tp ${number(tp)}`;
  return [
    ...differences(10, 'trades', ours, theirs),
    ...differences(
      ...([10, 'positions'] as const),
      positions.map((p) => place(p, p.side, p.stop_loss, p.take_profit)),
      broker.positions.map((p: Json) => place(p, p.type, p.sl, p.tp)),
    ),
  ];
}

function differences(
  number: number,
  what: string,
  ours: readonly string[],
  theirs: readonly string[],
): string[] {
  const only = (a: readonly string[], b: readonly string[]) => a.filter((x) => !b.includes(x));
  const [surplus, lacking] = [only(ours, theirs), only(theirs, ours)];
  return surplus.length + lacking.length === 0 && ours.length === theirs.length
    ? []
    : [`(${number}) ${what}: ours alone [${surplus.join('; ')}], the broker's alone [${lacking.join('; ')}]`];
}

/** 9. No trade leaves its end, unless a deal of its position was taken back. */
async function onlyForward(of: LedgerDesk): Promise<string[]> {
  const { desk } = of;
  const rows = await desk.stage.sql(
    'SELECT DISTINCT position_id, episode, becomes FROM test_revived WHERE account_id = $1',
    [desk.accountId],
  );
  const restated = new Set(
    of.broker.deals.filter((d: Json) => of.cancelled.has(d.ticket)).map((d: Json) => d.position_id),
  );
  return rows
    .filter((r) => !restated.has(r.position_id))
    .map((r) => `(9) trade ${keyOf(r)} was closed and is ${r.becomes}`);
}

const MAX_AGE_MS = 30_000;
/** A thousandth of what an account here is worth at most. */
const MAX_GAP = 60;

/** 11. Money moves with a snapshot that is applied and never else; and none is applied that was old, torn, lacking or another's. */
async function soundInputAlone({ desk }: LedgerDesk): Promise<string[]> {
  const { sql } = desk.stage;
  const applied = await sql(
    'SELECT boot_id, seq::text, tx FROM test_applied WHERE account_id = $1 ORDER BY id',
    [desk.accountId],
  );
  const unsound = new Map(
    desk.site.shown.flatMap((s) => {
      const why = [
        ...(s.login === desk.login ? [] : [`of login ${s.login}`]),
        ...(s.connected ? [] : ['of a terminal that is cut off']),
        ...s.failed.map((section) => `without ${section}`),
        ...(s.ageMs > MAX_AGE_MS ? [`${s.ageMs} ms old`] : []),
        ...(s.gap.abs().gt(MAX_GAP) ? [`torn by ${s.gap}`] : []),
      ];
      return why.length === 0 ? [] : [[`${s.bootId}/${s.seq}`, why.join(', ')] as const];
    }),
  );
  const wrong = applied.flatMap((a, i) => {
    const before = applied[i - 1];
    const why = unsound.get(`${a.boot_id}/${a.seq}`);
    return [
      ...(why === undefined ? [] : [`(11) a snapshot ${why} was applied`]),
      ...(before?.boot_id === a.boot_id && Number(before.seq) >= Number(a.seq)
        ? [`(11) snapshot ${a.seq} was applied after ${before.seq}`]
        : []),
    ];
  });
  const moved = await sql(
    `SELECT DISTINCT m.name FROM test_moved m WHERE m.account_id = $1
       AND NOT EXISTS (SELECT 1 FROM test_applied a WHERE a.account_id = m.account_id AND a.tx = m.tx)`,
    [desk.accountId],
  );
  return [...wrong, ...moved.map((m) => `(11) ${m.name} moved with no snapshot`)];
}
