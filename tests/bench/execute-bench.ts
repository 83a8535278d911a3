// From a countersignature to the order that the broker has accepted: how long it takes, and how many commands a second go
// through one account and through a hundred. The broker's own journal says when; every part runs on one machine's clock.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../infra/local/api-client.ts';
import { httpCaller } from '../contracts/http-call.ts';
import { type StackFixture, startStackFixture } from '../contracts/stack-fixture.ts';
import { createWorld, inLanes, type Trader, type World } from '../contracts/world.ts';
import { quantile } from './figures.ts';

const SINGLE_ORDERS = 100;
const ONE_ACCOUNT_ORDERS = 200;
const ACCOUNTS = 100;
const ORDERS_EACH = 5;
const CALLERS = 16;
const DEADLINE_MS = 60_000;
/** Trades every day of the week. */
const INSTRUMENT = 'BTCUSD';

type Approved = { trader: Trader; signalId: string; askedMs: number };
type Bench = { fixture: StackFixture; world: World; consentVersion: number; price: string };

/** Prints the figures. True where every approval became one command that the broker executed once. */
export async function run(): Promise<boolean> {
  const fixture = await startStackFixture(1_000);
  try {
    const { stack, forgetTicks, runtime } = fixture;
    const call = httpCaller(stack.dev.base_url, 'cf-connecting-ip');
    const tick = () => forgetTicks().then(stack.tick);
    const world = createWorld({ ...runtime, name: 'Worker', call, tick, stop: fixture.stop });
    const { ask: price } = await world.quote(INSTRUMENT);
    const bench = { fixture, world, consentVersion: await world.consentVersion(), price };
    const one = await makeTrader(world);
    const many = await inLanes(ACCOUNTS, CALLERS, () => makeTrader(world));
    const single = await oneByOne(bench, one, SINGLE_ORDERS);
    const through = await together(bench, 'one account', Array(ONE_ACCOUNT_ORDERS).fill(one));
    const spread = await together(bench, `${ACCOUNTS} accounts`, Array(ORDERS_EACH).fill(many).flat());
    return single && through && spread;
  } finally {
    await fixture.stop();
  }
}

/** A person with a bound and resumed account whose orders are small enough for all of them to be carried. */
async function makeTrader(w: World): Promise<Trader> {
  const user = await w.person();
  const producer = await w.producer({ instruments: [INSTRUMENT] }, user);
  const { id, login } = await w.account(user, [producer.id]);
  await w.reconcile(user, id);
  await w.json(w.as(user.token, 'PATCH', `/api/v1/accounts/${id}`, { order_volume: '0.01' }));
  await w.json(w.owner('POST', `/api/v1/accounts/${id}/resume`));
  return { user, producer, accountId: id, login };
}

/** One order after another: nothing else is under way. */
async function oneByOne(bench: Bench, trader: Trader, count: number): Promise<boolean> {
  const approved: Approved[] = [];
  for (let i = 0; i < count; i += 1) {
    const signalId = await signal(bench, trader);
    approved.push(await approve(bench, trader, signalId));
    await executed(bench, approved.slice(-1));
  }
  const { times, once } = await judged(bench, approved);
  const [p50, p99] = [0.5, 0.99].map((q) => quantile(times, q).toFixed(0));
  console.log(`approval to order accepted by the broker, ${count} one by one: p50 ${p50} ms, p99 ${p99} ms`);
  return once;
}

/** All approvals as fast as they are taken; signals were sent before. */
async function together(bench: Bench, through: string, traders: readonly Trader[]): Promise<boolean> {
  const signals = await inLanes(traders.length, CALLERS, (i) => signal(bench, at(traders, i)));
  const approved = await inLanes(traders.length, CALLERS, (i) =>
    approve(bench, at(traders, i), at(signals, i)),
  );
  await executed(bench, approved);
  const { times, lastMs, once } = await judged(bench, approved);
  const seconds = (lastMs - Math.min(...approved.map((a) => a.askedMs))) / 1000;
  const [p50, p99] = [0.5, 0.99].map((q) => quantile(times, q).toFixed(0));
  console.log(
    `through ${through}: ${(approved.length / seconds).toFixed(0)} commands/s (${approved.length} in ` +
      `${seconds.toFixed(1)} s, ${CALLERS} approving at once; p50 ${p50} ms, p99 ${p99} ms)`,
  );
  return once;
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error(`no number ${index}`);
  return found;
}

const signal = async ({ world, price }: Bench, { producer }: Trader): Promise<string> =>
  (await world.sent(producer, { instrument: INSTRUMENT, price })).id;

async function approve(
  { world, consentVersion }: Bench,
  trader: Trader,
  signalId: string,
): Promise<Approved> {
  const askedMs = Date.now();
  const body = { signal_id: signalId, decision: 'approved', consent_version: consentVersion };
  await world.json(world.as(trader.user.token, 'POST', '/api/v1/approvals', body), 201);
  return { trader, signalId, askedMs };
}

/** Waits until none of them is under way any more. */
async function executed({ fixture }: Bench, approved: readonly Approved[]): Promise<void> {
  for (const deadline = Date.now() + DEADLINE_MS; Date.now() < deadline; await sleep(10)) {
    const [row] = await fixture.runtime.query(
      `SELECT count(*)::int AS n FROM commands WHERE signal_id = ANY($1::uuid[])
         AND state NOT IN ('created', 'sent', 'unknown')`,
      [approved.map((a) => a.signalId)],
    );
    if (row?.['n'] === approved.length) return;
  }
}

/** Milliseconds from each approval to the broker's own time of execution, and whether each came to exactly one. */
async function judged(
  { fixture, world }: Bench,
  approved: readonly Approved[],
): Promise<{ times: number[]; lastMs: number; once: boolean }> {
  const commands = await fixture.runtime.query(
    'SELECT id, signal_id, state FROM commands WHERE signal_id = ANY($1::uuid[])',
    [approved.map((a) => a.signalId)],
  );
  const { journal } = await world.brokerState();
  const entries = new Map<string, Json>(journal.map((j: Json) => [j.cmd_id, j]));
  const ofSignal = new Map(commands.map((c) => [c['signal_id'], entries.get(String(c['id']))]));
  const done = approved.flatMap(({ signalId, askedMs }) => {
    const entry = ofSignal.get(signalId);
    const doneMs = Date.parse(entry?.attempts.at(-1)?.result?.t_done ?? '');
    return entry?.executed === 1 && doneMs > 0 ? [{ doneMs, tookMs: doneMs - askedMs }] : [];
  });
  const once = done.length === approved.length && commands.length === approved.length;
  if (!once) console.log(`${done.length} of ${approved.length} were executed once`);
  return { times: done.map((d) => d.tookMs), lastMs: Math.max(...done.map((d) => d.doneMs)), once };
}
