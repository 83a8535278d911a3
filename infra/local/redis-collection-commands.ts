// Redis commands on hashes, lists and sets. Source: redis.io/docs/latest/commands, groups "hash", "list", "set".
import { type CommandTable, pairs, sliceBounds, word } from './redis-command.ts';
import { addDecimals, addInt64, parseInt64, parseInteger } from './redis-numbers.ts';
import { OK, RedisError, type Reply } from './redis-reply.ts';
import type { RedisStore } from './redis-store.ts';

function setFields(command: string, legacy: boolean) {
  return (store: RedisStore, args: readonly string[]): Reply => {
    if (args.length % 2 !== 1) throw new RedisError(`ERR wrong number of arguments for '${command}' command`);
    const { fields } = store.open(word(args, 0), 'hash');
    const before = fields.size;
    for (const [field, value] of pairs(args.slice(1))) fields.set(field, value);
    return legacy ? OK : fields.size - before;
  };
}

function hash(store: RedisStore, args: readonly string[]): ReadonlyMap<string, string> {
  return store.read(word(args, 0), 'hash')?.fields ?? new Map();
}

function setFieldIfAbsent(store: RedisStore, args: readonly string[]): Reply {
  const { fields } = store.open(word(args, 0), 'hash');
  if (fields.has(word(args, 1))) return 0;
  fields.set(word(args, 1), word(args, 2));
  return 1;
}

function deleteFields(store: RedisStore, args: readonly string[]): Reply {
  const fields = store.read(word(args, 0), 'hash')?.fields;
  const removed = args.slice(1).filter((field) => fields?.delete(field) ?? false).length;
  store.dropIfEmpty(word(args, 0));
  return removed;
}

function incrementField(store: RedisStore, args: readonly string[]): Reply {
  const by = parseInt64(word(args, 2));
  const current = parseInt64(hash(store, args).get(word(args, 1)) ?? '0', 'ERR hash value is not an integer');
  const sum = addInt64(current, by);
  store.open(word(args, 0), 'hash').fields.set(word(args, 1), sum.toString());
  return Number(sum);
}

function incrementFieldByFloat(store: RedisStore, args: readonly string[]): Reply {
  const sum = addDecimals(hash(store, args).get(word(args, 1)) ?? '0', word(args, 2));
  store.open(word(args, 0), 'hash').fields.set(word(args, 1), sum);
  return sum;
}

function push(end: 'left' | 'right') {
  return (store: RedisStore, args: readonly string[]): Reply => {
    const { items } = store.open(word(args, 0), 'list');
    const added = args.slice(1);
    if (end === 'right') items.push(...added);
    else items.unshift(...added.reverse());
    return items.length;
  };
}

function pop(end: 'left' | 'right', command: string) {
  return (store: RedisStore, args: readonly string[]): Reply => {
    if (args.length > 2) throw new RedisError(`ERR wrong number of arguments for '${command}' command`);
    const counted = args[1] !== undefined;
    const count = counted ? parseInteger(word(args, 1)) : 1;
    if (count < 0) throw new RedisError('ERR value is out of range, must be positive');
    const items = store.read(word(args, 0), 'list')?.items;
    if (items === undefined) return null;
    const taken =
      end === 'left' ? items.splice(0, count) : items.splice(Math.max(0, items.length - count)).reverse();
    store.dropIfEmpty(word(args, 0));
    return counted ? taken : (taken[0] ?? null);
  };
}

function range(store: RedisStore, args: readonly string[]): Reply {
  const start = parseInteger(word(args, 1));
  const stop = parseInteger(word(args, 2));
  const items = store.read(word(args, 0), 'list')?.items ?? [];
  return items.slice(...sliceBounds(start, stop, items.length));
}

function members(store: RedisStore, args: readonly string[]): ReadonlySet<string> {
  return store.read(word(args, 0), 'set')?.members ?? new Set();
}

function addMembers(store: RedisStore, args: readonly string[]): Reply {
  const set = store.open(word(args, 0), 'set').members;
  const before = set.size;
  for (const member of args.slice(1)) set.add(member);
  return set.size - before;
}

function removeMembers(store: RedisStore, args: readonly string[]): Reply {
  const set = store.read(word(args, 0), 'set')?.members;
  const removed = args.slice(1).filter((member) => set?.delete(member) ?? false).length;
  store.dropIfEmpty(word(args, 0));
  return removed;
}

/** HSET, LPUSH, SADD and relatives. */
export const COLLECTION_COMMANDS: CommandTable = {
  HSET: { arity: -4, run: setFields('hset', false) },
  HMSET: { arity: -4, run: setFields('hmset', true) },
  HSETNX: { arity: 4, run: setFieldIfAbsent },
  HGET: { arity: 3, run: (store, args) => hash(store, args).get(word(args, 1)) ?? null },
  HMGET: {
    arity: -3,
    run: (store, args) => {
      const fields = hash(store, args);
      return args.slice(1).map((field) => fields.get(field) ?? null);
    },
  },
  HGETALL: { arity: 2, run: (store, args) => [...hash(store, args)].flat() },
  HDEL: { arity: -3, run: deleteFields },
  HEXISTS: { arity: 3, run: (store, args) => (hash(store, args).has(word(args, 1)) ? 1 : 0) },
  HINCRBY: { arity: 4, run: incrementField },
  HINCRBYFLOAT: { arity: 4, run: incrementFieldByFloat },
  HLEN: { arity: 2, run: (store, args) => hash(store, args).size },
  HKEYS: { arity: 2, run: (store, args) => [...hash(store, args).keys()] },
  HVALS: { arity: 2, run: (store, args) => [...hash(store, args).values()] },
  LPUSH: { arity: -3, run: push('left') },
  RPUSH: { arity: -3, run: push('right') },
  LPOP: { arity: -2, run: pop('left', 'lpop') },
  RPOP: { arity: -2, run: pop('right', 'rpop') },
  LRANGE: { arity: 4, run: range },
  LLEN: { arity: 2, run: (store, args) => store.read(word(args, 0), 'list')?.items.length ?? 0 },
  SADD: { arity: -3, run: addMembers },
  SREM: { arity: -3, run: removeMembers },
  SMEMBERS: { arity: 2, run: (store, args) => [...members(store, args)] },
  SISMEMBER: { arity: 3, run: (store, args) => (members(store, args).has(word(args, 1)) ? 1 : 0) },
  SCARD: { arity: 2, run: (store, args) => members(store, args).size },
};
