// Redis commands on strings. Source: redis.io/docs/latest/commands, group "string".
import { type CommandTable, pairs, word } from './redis-command.ts';
import { addDecimals, addInt64, parseInt64, parseInteger } from './redis-numbers.ts';
import { OK, RedisError, type Reply } from './redis-reply.ts';
import type { RedisStore } from './redis-store.ts';

interface SetOptions {
  onlyIf: 'absent' | 'present' | undefined;
  returnOld: boolean;
  keepTtl: boolean;
  expiresAtMs: number | undefined;
}

const SYNTAX_ERROR = 'ERR syntax error';
const EXPIRY_UNITS: ReadonlyMap<string, { factor: number; absolute: boolean }> = new Map([
  ['EX', { factor: 1_000, absolute: false }],
  ['PX', { factor: 1, absolute: false }],
  ['EXAT', { factor: 1_000, absolute: true }],
  ['PXAT', { factor: 1, absolute: true }],
]);

function expiryMs(
  store: RedisStore,
  unit: { factor: number; absolute: boolean },
  text: string,
  command: string,
): number {
  const amount = parseInteger(text);
  const at = amount * unit.factor + (unit.absolute ? 0 : store.now());
  if (amount <= 0 || !Number.isSafeInteger(at)) {
    throw new RedisError(`ERR invalid expire time in '${command}' command`);
  }
  return at;
}

function readSetOptions(store: RedisStore, args: readonly string[]): SetOptions {
  const options: SetOptions = { onlyIf: undefined, returnOld: false, keepTtl: false, expiresAtMs: undefined };
  for (let index = 0; index < args.length; index += 1) {
    const option = word(args, index).toUpperCase();
    const unit = EXPIRY_UNITS.get(option);
    if (unit !== undefined) {
      index += 1;
      if (index >= args.length || options.expiresAtMs !== undefined || options.keepTtl)
        throw new RedisError(SYNTAX_ERROR);
      options.expiresAtMs = expiryMs(store, unit, word(args, index), 'set');
    } else if ((option === 'NX' || option === 'XX') && options.onlyIf === undefined) {
      options.onlyIf = option === 'NX' ? 'absent' : 'present';
    } else if (option === 'GET') {
      options.returnOld = true;
    } else if (option === 'KEEPTTL' && options.expiresAtMs === undefined) {
      options.keepTtl = true;
    } else {
      throw new RedisError(SYNTAX_ERROR);
    }
  }
  return options;
}

function textOf(store: RedisStore, key: string): string | null {
  return store.read(key, 'string')?.text ?? null;
}

function set(store: RedisStore, args: readonly string[]): Reply {
  const key = word(args, 0);
  const options = readSetOptions(store, args.slice(2));
  const old = options.returnOld ? textOf(store, key) : null;
  if (options.onlyIf !== undefined && store.has(key) !== (options.onlyIf === 'present')) {
    return options.returnOld ? old : null;
  }
  const kept = options.keepTtl ? (store.expiryOf(key) ?? undefined) : undefined;
  store.writeString(key, word(args, 1), options.expiresAtMs ?? kept);
  return options.returnOld ? old : OK;
}

function setWithExpiry(unit: 'EX' | 'PX', command: string) {
  return (store: RedisStore, args: readonly string[]): Reply => {
    const scale = EXPIRY_UNITS.get(unit) ?? { factor: 1, absolute: false };
    store.writeString(word(args, 0), word(args, 2), expiryMs(store, scale, word(args, 1), command));
    return OK;
  };
}

function increment(store: RedisStore, key: string, by: bigint): number {
  const sum = addInt64(parseInt64(textOf(store, key) ?? '0'), by);
  store.writeString(key, sum.toString(), store.expiryOf(key) ?? undefined);
  return Number(sum);
}

function append(store: RedisStore, args: readonly string[]): Reply {
  const key = word(args, 0);
  const text = (textOf(store, key) ?? '') + word(args, 1);
  store.writeString(key, text, store.expiryOf(key) ?? undefined);
  return Buffer.byteLength(text);
}

function setMany(store: RedisStore, args: readonly string[]): Reply {
  if (args.length % 2 !== 0) throw new RedisError("ERR wrong number of arguments for 'mset' command");
  for (const [key, value] of pairs(args)) store.writeString(key, value, undefined);
  return OK;
}

function incrementByFloat(store: RedisStore, args: readonly string[]): Reply {
  const key = word(args, 0);
  const sum = addDecimals(textOf(store, key) ?? '0', word(args, 1));
  store.writeString(key, sum, store.expiryOf(key) ?? undefined);
  return sum;
}

/** GET, SET and relatives. MGET answers nil for a key of another type, all others WRONGTYPE. */
export const STRING_COMMANDS: CommandTable = {
  GET: { arity: 2, run: (store, args) => textOf(store, word(args, 0)) },
  SET: { arity: -3, run: set },
  SETNX: {
    arity: 3,
    run: (store, args) => {
      if (store.has(word(args, 0))) return 0;
      store.writeString(word(args, 0), word(args, 1), undefined);
      return 1;
    },
  },
  SETEX: { arity: 4, run: setWithExpiry('EX', 'setex') },
  PSETEX: { arity: 4, run: setWithExpiry('PX', 'psetex') },
  GETSET: {
    arity: 3,
    run: (store, args) => {
      const old = textOf(store, word(args, 0));
      store.writeString(word(args, 0), word(args, 1), undefined);
      return old;
    },
  },
  GETDEL: {
    arity: 2,
    run: (store, args) => {
      const old = textOf(store, word(args, 0));
      store.delete(word(args, 0));
      return old;
    },
  },
  MGET: {
    arity: -2,
    run: (store, args) =>
      args.map((key) => {
        const value = store.peek(key);
        return value?.kind === 'string' ? value.text : null;
      }),
  },
  MSET: { arity: -3, run: setMany },
  INCR: { arity: 2, run: (store, args) => increment(store, word(args, 0), 1n) },
  DECR: { arity: 2, run: (store, args) => increment(store, word(args, 0), -1n) },
  INCRBY: { arity: 3, run: (store, args) => increment(store, word(args, 0), parseInt64(word(args, 1))) },
  DECRBY: { arity: 3, run: (store, args) => increment(store, word(args, 0), -parseInt64(word(args, 1))) },
  INCRBYFLOAT: { arity: 3, run: incrementByFloat },
  APPEND: { arity: 3, run: append },
  STRLEN: { arity: 2, run: (store, args) => Buffer.byteLength(textOf(store, word(args, 0)) ?? '') },
};
