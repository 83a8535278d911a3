// Redis commands on keys and the server. Source: redis.io/docs/latest/commands, groups "generic" and "server".
import { type CommandTable, word } from './redis-command.ts';
import { parseInteger } from './redis-numbers.ts';
import { OK, RedisError, type Reply, StatusReply } from './redis-reply.ts';
import type { RedisStore } from './redis-store.ts';

/** A Redis glob (`*`, `?`, `[a-c]`, `[^x]`, backslash) as a regular expression. */
export function globPattern(glob: string): RegExp {
  let source = '';
  for (let index = 0; index < glob.length; index += 1) {
    const char = glob.charAt(index);
    const end = char === '[' ? glob.indexOf(']', index + 1) : -1;
    if (char === '*') source += '.*';
    else if (char === '?') source += '.';
    else if (end > 0) {
      source += `[${glob.slice(index + 1, end).replace(/[\\\]]/g, '\\$&')}]`;
      index = end;
    } else {
      if (char === '\\' && index + 1 < glob.length) index += 1;
      source += glob.charAt(index).replace(/[.*+?^${}()|[\]\\/-]/, '\\$&');
    }
  }
  return new RegExp(`^${source}$`, 's');
}

function allows(option: string, current: number | null, next: number): boolean {
  switch (option) {
    case 'NX':
      return current === null;
    case 'XX':
      return current !== null;
    case 'GT':
      return current !== null && next > current;
    case 'LT':
      return current === null || next < current;
    default:
      throw new RedisError(`ERR Unsupported option ${option.toLowerCase()}`);
  }
}

function expireBy(factor: number, absolute: boolean, command: string) {
  return (store: RedisStore, args: readonly string[]): Reply => {
    const key = word(args, 0);
    const at = parseInteger(word(args, 1)) * factor + (absolute ? 0 : store.now());
    if (!Number.isSafeInteger(at)) throw new RedisError(`ERR invalid expire time in '${command}' command`);
    const current = store.expiryOf(key);
    if (current === undefined) return 0;
    for (const option of args.slice(2)) if (!allows(option.toUpperCase(), current, at)) return 0;
    store.expire(key, at);
    return 1;
  };
}

function timeToLive(unitMs: number) {
  return (store: RedisStore, args: readonly string[]): Reply => {
    const at = store.expiryOf(word(args, 0));
    if (at === undefined) return -2;
    if (at === null) return -1;
    return Math.round((at - store.now()) / unitMs);
  };
}

interface ScanOptions {
  pattern: RegExp | undefined;
  count: number;
  type: string | undefined;
}

function readScanOptions(args: readonly string[]): ScanOptions {
  const options: ScanOptions = { pattern: undefined, count: 10, type: undefined };
  for (let index = 0; index < args.length; index += 2) {
    const value = args[index + 1];
    if (value === undefined) throw new RedisError('ERR syntax error');
    const name = word(args, index).toUpperCase();
    if (name === 'MATCH') options.pattern = globPattern(value);
    else if (name === 'COUNT') options.count = parseInteger(value);
    else if (name === 'TYPE') options.type = value.toLowerCase();
    else throw new RedisError('ERR syntax error');
  }
  if (options.count < 1) throw new RedisError('ERR syntax error');
  return options;
}

function scan(store: RedisStore, args: readonly string[]): Reply {
  if (!/^\d+$/.test(word(args, 0))) throw new RedisError('ERR invalid cursor');
  const { pattern, count, type } = readScanOptions(args.slice(1));
  const found: string[] = [];
  let visited = 0;
  let lastId = 0;
  for (const { key, id, value } of store.keysAfter(Number(word(args, 0)))) {
    if (visited === count) return [String(lastId), found];
    visited += 1;
    lastId = id;
    if ((pattern?.test(key) ?? true) && (type === undefined || value.kind === type)) found.push(key);
  }
  return ['0', found];
}

function keys(store: RedisStore, args: readonly string[]): Reply {
  const pattern = globPattern(word(args, 0));
  return [...store.keysAfter(0)].map(({ key }) => key).filter((key) => pattern.test(key));
}

function persist(store: RedisStore, args: readonly string[]): Reply {
  if (typeof store.expiryOf(word(args, 0)) !== 'number') return 0;
  store.expire(word(args, 0), undefined);
  return 1;
}

function remove(store: RedisStore, args: readonly string[]): Reply {
  return args.filter((key) => store.delete(key)).length;
}

function flush(store: RedisStore): Reply {
  store.clear();
  return OK;
}

function time(store: RedisStore): Reply {
  const now = store.now();
  return [String(Math.floor(now / 1_000)), String(Math.floor(now % 1_000) * 1_000)];
}

/** DEL, EXPIRE, SCAN, PING and relatives. */
export const KEY_COMMANDS: CommandTable = {
  PING: { arity: -1, run: (_store, args) => args[0] ?? new StatusReply('PONG') },
  ECHO: { arity: 2, run: (_store, args) => word(args, 0) },
  DEL: { arity: -2, run: remove },
  UNLINK: { arity: -2, run: remove },
  EXISTS: { arity: -2, run: (store, args) => args.filter((key) => store.has(key)).length },
  EXPIRE: { arity: -3, run: expireBy(1_000, false, 'expire') },
  PEXPIRE: { arity: -3, run: expireBy(1, false, 'pexpire') },
  EXPIREAT: { arity: -3, run: expireBy(1_000, true, 'expireat') },
  PEXPIREAT: { arity: -3, run: expireBy(1, true, 'pexpireat') },
  TTL: { arity: 2, run: timeToLive(1_000) },
  PTTL: { arity: 2, run: timeToLive(1) },
  PERSIST: { arity: 2, run: persist },
  TYPE: { arity: 2, run: (store, args) => new StatusReply(store.peek(word(args, 0))?.kind ?? 'none') },
  KEYS: { arity: 2, run: keys },
  SCAN: { arity: -2, run: scan },
  DBSIZE: { arity: 1, run: (store) => [...store.keysAfter(0)].length },
  FLUSHALL: { arity: -1, run: flush },
  FLUSHDB: { arity: -1, run: flush },
  TIME: { arity: 1, run: time },
};
