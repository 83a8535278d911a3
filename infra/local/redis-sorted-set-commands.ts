// Redis commands on sorted sets. Source: redis.io/docs/latest/commands, group "sorted-set". BYLEX is left out.
import { type CommandTable, pairs, sliceBounds, word } from './redis-command.ts';
import { floatText, parseFloating, parseInteger } from './redis-numbers.ts';
import { RedisError, type Reply } from './redis-reply.ts';
import type { RedisStore } from './redis-store.ts';

type Scored = [member: string, score: number];

const SYNTAX_ERROR = 'ERR syntax error';

/** Members by score, then by bytes. */
function ordered(store: RedisStore, key: string): Scored[] {
  const scores = store.read(key, 'zset')?.scores;
  if (scores === undefined) return [];
  return [...scores].sort(([a, x], [b, y]) =>
    x === y ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : x < y ? -1 : 1,
  );
}

interface AddOptions {
  onlyNew: boolean;
  onlyKnown: boolean;
  greater: boolean;
  less: boolean;
  countChanged: boolean;
  increment: boolean;
  rest: readonly string[];
}

function readAddOptions(args: readonly string[]): AddOptions {
  const given = new Set<string>();
  let index = 0;
  while (/^(?:nx|xx|gt|lt|ch|incr)$/i.test(word(args, index))) {
    given.add(word(args, index).toUpperCase());
    index += 1;
  }
  const rest = args.slice(index);
  const options = {
    onlyNew: given.has('NX'),
    onlyKnown: given.has('XX'),
    greater: given.has('GT'),
    less: given.has('LT'),
    countChanged: given.has('CH'),
    increment: given.has('INCR'),
    rest,
  };
  if (rest.length === 0 || rest.length % 2 !== 0) throw new RedisError(SYNTAX_ERROR);
  if (options.onlyNew && options.onlyKnown) {
    throw new RedisError('ERR XX and NX options at the same time are not compatible');
  }
  if ((options.greater && options.less) || (options.onlyNew && (options.greater || options.less))) {
    throw new RedisError('ERR GT, LT, and/or NX options at the same time are not compatible');
  }
  if (options.increment && rest.length > 2) {
    throw new RedisError('ERR INCR option supports a single increment-element pair');
  }
  return options;
}

function add(store: RedisStore, args: readonly string[]): Reply {
  const key = word(args, 0);
  const options = readAddOptions(args.slice(1));
  const wanted = pairs(options.rest).map(([score, member]): Scored => [member, parseFloating(score)]);
  const { scores } = store.open(key, 'zset');
  let added = 0;
  let changed = 0;
  let last: number | null = null;
  for (const [member, given] of wanted) {
    const current = scores.get(member);
    const next = options.increment ? (current ?? 0) + given : given;
    const barred =
      current === undefined
        ? options.onlyKnown
        : options.onlyNew || (options.greater && next <= current) || (options.less && next >= current);
    if (barred) continue;
    scores.set(member, next);
    last = next;
    if (current === undefined) added += 1;
    else if (current !== next) changed += 1;
  }
  store.dropIfEmpty(key);
  if (options.increment) return last === null ? null : floatText(last);
  return options.countChanged ? added + changed : added;
}

function remove(store: RedisStore, key: string, members: readonly string[]): number {
  const scores = store.read(key, 'zset')?.scores;
  const removed = members.filter((member) => scores?.delete(member) ?? false).length;
  store.dropIfEmpty(key);
  return removed;
}

function scoreBound(text: string): { value: number; exclusive: boolean } {
  const exclusive = text.startsWith('(');
  return {
    value: parseFloating(exclusive ? text.slice(1) : text, 'ERR min or max is not a float'),
    exclusive,
  };
}

function withinScores(min: string, max: string): (item: Scored) => boolean {
  const low = scoreBound(min);
  const high = scoreBound(max);
  return ([, score]) =>
    (low.exclusive ? score > low.value : score >= low.value) &&
    (high.exclusive ? score < high.value : score <= high.value);
}

interface RangeOptions {
  byScore: boolean;
  reverse: boolean;
  withScores: boolean;
  limit: [offset: number, count: number] | undefined;
}

function readRangeOptions(args: readonly string[], allowed: readonly string[]): RangeOptions {
  const options: RangeOptions = { byScore: false, reverse: false, withScores: false, limit: undefined };
  for (let index = 0; index < args.length; index += 1) {
    const option = word(args, index).toUpperCase();
    if (!allowed.includes(option)) throw new RedisError(SYNTAX_ERROR);
    if (option === 'BYSCORE') options.byScore = true;
    else if (option === 'REV') options.reverse = true;
    else if (option === 'WITHSCORES') options.withScores = true;
    else {
      if (index + 2 >= args.length) throw new RedisError(SYNTAX_ERROR);
      options.limit = [parseInteger(word(args, index + 1)), parseInteger(word(args, index + 2))];
      index += 2;
    }
  }
  return options;
}

function listed(items: readonly Scored[], options: RangeOptions): Reply {
  let chosen = items;
  if (options.limit !== undefined) {
    const [offset, count] = options.limit;
    chosen = offset < 0 ? [] : items.slice(offset, count < 0 ? undefined : offset + count);
  }
  return chosen.flatMap(([member, score]) => (options.withScores ? [member, floatText(score)] : [member]));
}

function range(store: RedisStore, args: readonly string[]): Reply {
  const options = readRangeOptions(args.slice(3), ['BYSCORE', 'REV', 'WITHSCORES', 'LIMIT']);
  if (options.limit !== undefined && !options.byScore) {
    throw new RedisError(
      'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
    );
  }
  const [first, second] = [word(args, 1), word(args, 2)];
  const items = ordered(store, word(args, 0));
  if (options.reverse) items.reverse();
  if (!options.byScore) {
    return listed(
      items.slice(...sliceBounds(parseInteger(first), parseInteger(second), items.length)),
      options,
    );
  }
  return listed(
    items.filter(options.reverse ? withinScores(second, first) : withinScores(first, second)),
    options,
  );
}

function rangeByScore(store: RedisStore, args: readonly string[]): Reply {
  const options = readRangeOptions(args.slice(3), ['WITHSCORES', 'LIMIT']);
  const within = withinScores(word(args, 1), word(args, 2));
  return listed(ordered(store, word(args, 0)).filter(within), options);
}

function removeByScore(store: RedisStore, args: readonly string[]): Reply {
  const within = withinScores(word(args, 1), word(args, 2));
  const doomed = ordered(store, word(args, 0)).filter(within);
  return remove(
    store,
    word(args, 0),
    doomed.map(([member]) => member),
  );
}

function score(store: RedisStore, args: readonly string[]): Reply {
  const found = store.read(word(args, 0), 'zset')?.scores.get(word(args, 1));
  return found === undefined ? null : floatText(found);
}

/** ZADD, ZRANGE and relatives. */
export const SORTED_SET_COMMANDS: CommandTable = {
  ZADD: { arity: -4, run: add },
  ZINCRBY: {
    arity: 4,
    run: (store, args) => add(store, [word(args, 0), 'INCR', word(args, 1), word(args, 2)]),
  },
  ZREM: { arity: -3, run: (store, args) => remove(store, word(args, 0), args.slice(1)) },
  ZRANGE: { arity: -4, run: range },
  ZRANGEBYSCORE: { arity: -4, run: rangeByScore },
  ZREMRANGEBYSCORE: { arity: 4, run: removeByScore },
  ZCARD: { arity: 2, run: (store, args) => store.read(word(args, 0), 'zset')?.scores.size ?? 0 },
  ZCOUNT: {
    arity: 4,
    run: (store, args) =>
      ordered(store, word(args, 0)).filter(withinScores(word(args, 1), word(args, 2))).length,
  },
  ZSCORE: { arity: 3, run: score },
};
