// How long a true breach takes until its account's closing begins, and until nothing is left, on the embedded stack with the
// real schedule of a minute: for each way in which a bridge is reached and guards, beside the bound that `GET /guard` states.
// A breach may begin at any moment of the minute, so the rounds begin at different ones. One machine's clock tells everything.
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../infra/local/api-client.ts';
import { httpCaller } from '../contracts/http-call.ts';
import { type StackFixture, startStackFixture } from '../contracts/stack-fixture.ts';
import { createWorld, inLanes, type Person, type World } from '../contracts/world.ts';

const SYMBOL = 'XAUUSD';
/** Of 100,000 with 20 lots of 100 ounces: 11 dollars down are 22 %, and 14 are 28 %. */
const VOLUME = '20';
const FALLS = { ordinary: '11', hard: '14' } as const;
const EACH = 4;
const TICK_MS = 60_000;
/** When in the minute each round begins. */
const MOMENTS_MS = [5_000, 20_000, 35_000, 50_000];
const PATIENCE_MS = 90_000;
/** What a queue's whole seconds and a round of calls add. */
const SLACK_MS = 2_000;

type Fall = keyof typeof FALLS;
type Way = { name: string; polls: boolean; guards: boolean };
const WAYS: readonly Way[] = [
  { name: 'webhook', polls: false, guards: false },
  { name: 'webhook, bridge guards', polls: false, guards: true },
  { name: 'poll, bridge guards', polls: true, guards: true },
];
type Guarded = { way: Way; user: Person; id: string; login: string };
type Took = { way: Way; fall: Fall; boundMs: number; beganMs: number; flatMs: number };

/** Prints the times. True where each closing began within its bound, and every account became flat. */
export async function run(args: readonly string[]): Promise<boolean> {
  const rounds = Number(args[0] ?? MOMENTS_MS.length);
  const fixture = await startStackFixture(1_000);
  const { stack, runtime } = fixture;
  const call = httpCaller(stack.dev.base_url, 'cf-connecting-ip');
  const world = createWorld({ ...runtime, name: 'Worker', call, tick: stack.tick, stop: fixture.stop });
  const startedMs = Date.now();
  const ticker = setInterval(() => void stack.tick(), TICK_MS);
  try {
    const took: Took[] = [];
    for (const fall of ['ordinary', 'hard'] as const)
      for (const atMs of MOMENTS_MS.slice(0, rounds)) {
        const accounts = await makeAccounts(world, fixture);
        await sleep(untilMoment(startedMs, atMs));
        took.push(...(await breach(world, accounts, fall)));
        await world.retireAccounts();
      }
    return report(took, rounds * EACH);
  } finally {
    clearInterval(ticker);
    await fixture.stop();
  }
}

const untilMoment = (startedMs: number, atMs: number): number =>
  (((atMs - (Date.now() - startedMs)) % TICK_MS) + TICK_MS) % TICK_MS;

/** Accounts of each way, each with a position by hand that has been seen, and no loss worth a word. */
async function makeAccounts(world: World, { stack }: StackFixture): Promise<Guarded[]> {
  await quote(world, '2035.00');
  const made = await inLanes(WAYS.length * EACH, 4, async (i) => {
    const way = WAYS[i % WAYS.length] as Way;
    const user = await world.person();
    const { id, login } = await makeAccount(world, stack.dev, user, way);
    if (!way.polls) await world.reconcile(user, id);
    return { way, user, id, login };
  });
  await eventually('every account has been seen', async () => {
    const rows = await Promise.all(made.map((a) => guardOf(world, a)));
    return rows.every((g) => g.equity !== null);
  });
  for (const { login } of made)
    await world.broker('/manual-trade', { login, symbol: SYMBOL, side: 'buy', volume: VOLUME });
  await eventually('every position has been seen', async () => {
    for (const a of made) if (!a.way.polls) await world.reconcile(a.user, a.id);
    const open = await Promise.all(
      made.map((a) => world.json(world.as(a.user.token, 'GET', '/api/v1/positions'))),
    );
    return open.every((list: Json) => list.items.length === 1);
  });
  return made;
}

async function makeAccount(
  world: World,
  dev: StackFixture['stack']['dev'],
  user: Person,
  { polls, guards }: Way,
): Promise<{ id: string; login: string }> {
  const login = String(70_000_000 + randomInt(9_999_999));
  await world.broker('/accounts', {
    ...{ login, server: 'Bench-Demo', currency: 'USD', margin_mode: 'hedging', balance: '100000' },
  });
  await world.broker('/guard', { login, enabled: guards });
  const reached = polls ? {} : { url: `${dev.broker.url}/bridge/${login}` };
  const named = { name: login, ...reached };
  const { id: bridge_id, secret } = await world.json(
    world.as(user.token, 'POST', '/api/v1/bridges', named),
    201,
  );
  const account = { name: login, bridge_id, order_volume: '0.10' };
  const { id } = await world.json(world.as(user.token, 'POST', '/api/v1/accounts', account), 201);
  const sync = polls ? { sync_url: `${dev.base_url}/bridge/v1/sync` } : {};
  await world.broker('/bridges', { bridge_id, secret, login, ...sync });
  return { id, login };
}

/** A bridge that polls comes no sooner than every twenty seconds while nothing stands there. */
async function eventually(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const deadlineMs = Date.now() + PATIENCE_MS; !(await look()); await sleep(500))
    if (Date.now() > deadlineMs) throw new Error(`waited in vain: ${what}`);
}

const quote = (world: World, bid: string) => world.broker('/tick', { symbol: SYMBOL, bid });
const guardOf = (world: World, { user, id }: Guarded): Promise<Json> =>
  world.json(world.as(user.token, 'GET', `/api/v1/accounts/${id}/guard`));

/** Lets the price fall under all of them at once, and waits until nothing is left anywhere. */
async function breach(world: World, accounts: readonly Guarded[], fall: Fall): Promise<Took[]> {
  const bounds = await Promise.all(accounts.map((a) => guardOf(world, a).then((g) => g.bound)));
  const breachedMs = Date.now();
  const bid = (2035 - Number(FALLS[fall])).toFixed(2);
  await quote(world, bid);
  const flat = new Map<string, number>();
  const own = new Set(accounts.map((a) => a.login));
  // A market that is open goes on giving quotes.
  const quotes = setInterval(() => void quote(world, bid), 500);
  try {
    while (flat.size < accounts.length && Date.now() - breachedMs < PATIENCE_MS) {
      await sleep(100);
      const { accounts: all } = await world.brokerState();
      for (const { login, positions } of all as Json[])
        if (own.has(login) && positions.length === 0 && !flat.has(login)) flat.set(login, Date.now());
    }
  } finally {
    clearInterval(quotes);
  }
  const { accounts: all } = await world.brokerState();
  return accounts.map(({ way, login }, i) => {
    const deals: Json[] = all.find((a: Json) => a.login === login).deals;
    const exits = deals.filter((d) => d.entry === 'out').map((d) => Date.parse(d.time));
    const boundMs = fall === 'hard' ? bounds[i].hard_ms : bounds[i].ordinary_ms;
    const flatMs = (flat.get(login) ?? Number.POSITIVE_INFINITY) - breachedMs;
    return { way, fall, boundMs, beganMs: Math.min(...exits) - breachedMs, flatMs };
  });
}

function report(took: readonly Took[], each: number): boolean {
  console.log(
    'fall      way                      bound   closing began (least, median, most)   flat at most',
  );
  let held = true;
  for (const fall of ['ordinary', 'hard'] as const)
    for (const way of WAYS) {
      const own = took.filter((x) => x.way === way && x.fall === fall);
      const began = own.map((x) => x.beganMs).sort((a, b) => a - b);
      const boundMs = own[0]?.boundMs ?? 0;
      const seconds = (ms: number | undefined) => ((ms ?? Number.NaN) / 1_000).toFixed(1).padStart(5);
      const flatMs = Math.max(...own.map((x) => x.flatMs));
      const within =
        own.length === each && Number(began.at(-1)) <= boundMs + SLACK_MS && Number.isFinite(flatMs);
      held &&= within;
      console.log(
        `${fall.padEnd(9)} ${way.name.padEnd(24)} ${seconds(boundMs)} s ${seconds(began[0])} ${seconds(began[began.length >> 1])} ` +
          `${seconds(began.at(-1))} s            ${seconds(flatMs)} s  ${within ? '' : 'NOT HELD'}`,
      );
    }
  return held;
}
