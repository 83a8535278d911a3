// What the Redis stand-in and a real Redis must both do, over one port: a function that runs one command.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RespValue } from './resp-client.ts';

/** Runs one command; rejects with an Error whose message is the server's. */
export type RedisCall = (...args: string[]) => Promise<RespValue>;

type Expected = RespValue | RegExp | { sorted: string[] };
type Step = [command: string, expected: Expected];

const WRONG_TYPE = /^WRONGTYPE Operation against a key holding the wrong kind of value/;
const NOT_INTEGER = /^ERR value is not an integer or out of range/;

/** Words are separated by blanks, `_` inside a word stands for a blank; `@x` is a key of this run. */
const STEPS: Record<string, Step[]> = {
  strings: [
    ['SET @a 1', 'OK'],
    ['GET @a', '1'],
    ['GET @none', null],
    ['set @a 2 nx', null],
    ['SET @a 2 XX GET', '1'],
    ['SET @new 2 XX', null],
    ['SET @new 5 NX GET', null],
    ['SET @a 3 PX 100000', 'OK'],
    ['SET @a 4 KEEPTTL', 'OK'],
    ['TTL @a', 100],
    ['SET @a 4', 'OK'],
    ['TTL @a', -1],
    ['SET @a 1 EX', /^ERR syntax error/],
    ['SET @a 1 EX 0', /^ERR invalid expire time in 'set' command/],
    ['SET @a 1 EX x', NOT_INTEGER],
    ['SET @a 1 NX XX', /^ERR syntax error/],
    ['SET @a 1 BOGUS', /^ERR syntax error/],
    ['SETNX @a 9', 0],
    ['SETNX @b 9', 1],
    ['SETEX @c 50 v', 'OK'],
    ['TTL @c', 50],
    ['SETEX @c 0 v', /^ERR invalid expire time in 'setex' command/],
    ['GETSET @c w', 'v'],
    ['TTL @c', -1],
    ['GETDEL @c', 'w'],
    ['EXISTS @c', 0],
    ['MSET @m1 x @m2 y_z', 'OK'],
    ['MSET @m1 x @m2', /^ERR wrong number of arguments for 'mset' command/],
    ['MGET @m1 @none @m2', ['x', null, 'y z']],
    ['APPEND @m1 éü', 5],
    ['STRLEN @m1', 5],
    ['STRLEN @none', 0],
  ],
  numbers: [
    ['INCR @n', 1],
    ['INCRBY @n 41', 42],
    ['DECR @n', 41],
    ['DECRBY @n 1', 40],
    ['INCRBY @n 1.5', NOT_INTEGER],
    ['SET @text abc', 'OK'],
    ['INCR @text', NOT_INTEGER],
    ['SET @lead 01', 'OK'],
    ['INCR @lead', NOT_INTEGER],
    ['SET @max 9223372036854775807', 'OK'],
    ['INCR @max', /^ERR increment or decrement would overflow/],
    ['GET @max', '9223372036854775807'],
    ['SET @f 10.50', 'OK'],
    ['INCRBYFLOAT @f 0.1', '10.6'],
    ['INCRBYFLOAT @f -5', '5.6'],
    ['INCRBYFLOAT @f 4.4', '10'],
    ['INCRBYFLOAT @f 2e2', '210'],
    ['INCRBYFLOAT @text 1', /^ERR value is not a valid float/],
  ],
  expiry: [
    ['EXPIRE @none 10', 0],
    ['TTL @none', -2],
    ['SET @e v', 'OK'],
    ['EXPIRE @e 100', 1],
    ['EXPIRE @e 50 NX', 0],
    ['EXPIRE @e 50 GT', 0],
    ['EXPIRE @e 200 GT', 1],
    ['TTL @e', 200],
    ['PEXPIRE @e 5000', 1],
    ['TTL @e', 5],
    ['PERSIST @e', 1],
    ['PERSIST @e', 0],
    ['PTTL @e', -1],
    ['EXPIREAT @e 4102444800', 1],
    ['PEXPIREAT @e 4102444800000', 1],
    ['EXPIRE @e abc', NOT_INTEGER],
    ['INCR @counted', 1],
    ['EXPIRE @counted 60', 1],
    ['INCR @counted', 2],
    ['TTL @counted', 60],
    ['EXPIRE @counted -1', 1],
    ['EXISTS @counted', 0],
  ],
  hashes: [
    ['HSET @h a 1 b 2', 2],
    ['HSET @h a 3 c 4', 1],
    ['HSET @h a', /^ERR wrong number of arguments for 'hset' command/],
    ['HSET @h a 1 b', /^ERR wrong number of arguments for 'hset' command/],
    ['HSETNX @h a 9', 0],
    ['HGET @h a', '3'],
    ['HGET @h z', null],
    ['HGET @none z', null],
    ['HMGET @h a z b', ['3', null, '2']],
    ['HMGET @none a', [null]],
    ['HGETALL @h', ['a', '3', 'b', '2', 'c', '4']],
    ['HGETALL @none', []],
    ['HINCRBY @h a 4', 7],
    ['HINCRBYFLOAT @h a 0.5', '7.5'],
    ['HINCRBY @h a 1', /^ERR hash value is not an integer/],
    ['HLEN @h', 3],
    ['HKEYS @h', ['a', 'b', 'c']],
    ['HVALS @h', ['7.5', '2', '4']],
    ['HEXISTS @h b', 1],
    ['HDEL @h a b c zz', 3],
    ['EXISTS @h', 0],
  ],
  lists: [
    ['RPUSH @l a b', 2],
    ['LPUSH @l c d', 4],
    ['LRANGE @l 0 -1', ['d', 'c', 'a', 'b']],
    ['LRANGE @l -2 -1', ['a', 'b']],
    ['LRANGE @l 5 9', []],
    ['LPOP @l', 'd'],
    ['RPOP @l 2', ['b', 'a']],
    ['LLEN @l', 1],
    ['LPOP @none', null],
    ['LPOP @l -1', /^ERR value is out of range, must be positive/],
    ['LPOP @l', 'c'],
    ['TYPE @l', 'none'],
  ],
  sets: [
    ['SADD @s a b a', 2],
    ['SMEMBERS @s', { sorted: ['a', 'b'] }],
    ['SISMEMBER @s a', 1],
    ['SISMEMBER @s z', 0],
    ['SCARD @s', 2],
    ['SREM @s a z', 1],
    ['SREM @s b', 1],
    ['EXISTS @s', 0],
  ],
  'sorted sets': [
    ['ZADD @z 1 a 2 b 2 ab', 3],
    ['ZADD @z CH 5 a 3 c', 2],
    ['ZADD @z NX 9 a', 0],
    ['ZADD @z XX GT CH 1 a', 0],
    ['ZADD @z INCR 0.5 a', '5.5'],
    ['ZADD @z x a', /^ERR value is not a valid float/],
    ['ZADD @z NX XX 1 a', /^ERR XX and NX options at the same time are not compatible/],
    ['ZRANGE @z 0 -1', ['ab', 'b', 'c', 'a']],
    ['ZRANGE @z 0 1 REV WITHSCORES', ['a', '5.5', 'c', '3']],
    ['ZRANGE @z (2 +inf BYSCORE LIMIT 0 1', ['c']],
    ['ZRANGE @z +inf (2 BYSCORE REV', ['a', 'c']],
    ['ZRANGEBYSCORE @z -inf 2 WITHSCORES', ['ab', '2', 'b', '2']],
    ['ZRANGEBYSCORE @z x 2', /^ERR min or max is not a float/],
    ['ZSCORE @z a', '5.5'],
    ['ZSCORE @z nope', null],
    ['ZCARD @z', 4],
    ['ZREMRANGEBYSCORE @z 2 (3', 2],
    ['ZREM @z a c', 2],
    ['EXISTS @z', 0],
  ],
  'types and forms': [
    ['PING', 'PONG'],
    ['PING hello', 'hello'],
    ['ECHO hi', 'hi'],
    ['SET @str v', 'OK'],
    ['HSET @hash f v', 1],
    ['GET @hash', WRONG_TYPE],
    ['INCR @hash', WRONG_TYPE],
    ['HGET @str f', WRONG_TYPE],
    ['LPUSH @str v', WRONG_TYPE],
    ['SADD @str v', WRONG_TYPE],
    ['ZADD @str 1 v', WRONG_TYPE],
    ['SET @hash v GET', WRONG_TYPE],
    ['MGET @hash @str', [null, 'v']],
    ['TYPE @str', 'string'],
    ['TYPE @hash', 'hash'],
    ['TYPE @none', 'none'],
    ['EXISTS @str @str @none', 2],
    ['UNLINK @str @none', 1],
    ['DEL @hash', 1],
    ['GET', /^ERR wrong number of arguments for 'get' command/],
    ['GET a b', /^ERR wrong number of arguments for 'get' command/],
    ['NOSUCH a', /^ERR unknown command 'NOSUCH', with args beginning with: 'a'/],
  ],
};

/** Scripts with their keys (`@x`) and arguments. */
const SCRIPTS: [source: string, keys: string[], args: string[], expected: Expected][] = [
  ['return {KEYS[1] ~= nil, ARGV[1], ARGV[2] == nil}', ['@k'], ['arg'], [1, 'arg', 1]],
  ['return {1, 2.9, -2.9, "x", true, false, nil, 5}', [], [], [1, 2, -2, 'x', 1, null]],
  ['return nil', [], [], null],
  ['return redis.call("GET", KEYS[1]) == false', ['@missing'], [], 1],
  ['return redis.call("SET", KEYS[1], 10 / 2)', ['@k'], [], 'OK'],
  ['return redis.call("GET", KEYS[1]) .. tostring(6 / 2)', ['@k'], [], '53'],
  [
    'return redis.call("SET", KEYS[1], 0.1) and redis.call("GET", KEYS[1])',
    ['@k'],
    [],
    '0.10000000000000001',
  ],
  ['return redis.call("SET", KEYS[1], "v").ok', ['@k'], [], 'OK'],
  ['return redis.status_reply("FINE")', [], [], 'FINE'],
  ['return redis.error_reply("MY failure")', [], [], /^MY failure/],
  ['return {err = "CODE text"}', [], [], /^CODE text/],
  ['return redis.pcall("INCR", KEYS[1]).err', ['@k'], [], NOT_INTEGER],
  ['return redis.call("INCR", KEYS[1])', ['@k'], [], NOT_INTEGER],
  [
    'local ok, e = pcall(redis.call, "INCR", KEYS[1]) return {ok and 1 or 0, type(e)}',
    ['@k'],
    [],
    [0, 'string'],
  ],
  ['return redis.call("NOSUCH")', [], [], /^ERR Unknown Redis command called from script/],
  ['return redis.call("GET")', [], [], /^ERR Wrong number of args calling Redis command from script/],
  [
    'return redis.call("GET", {})',
    [],
    [],
    /^ERR Lua redis lib command arguments must be strings or integers/,
  ],
  ['return redis.call("EVAL", "return 1", 0)', [], [], /^ERR This Redis command is not allowed from script/],
  ['error("boom")', [], [], /^ERR user_script:1: boom script: [0-9a-f]{40}, on @user_script:1\.$/],
  ['x = 1', [], [], /^ERR user_script:1: Attempt to modify a readonly table/],
  ['return y', [], [], /^ERR user_script:1: Script attempted to access nonexistent global variable 'y'/],
  ['return syntax syntax', [], [], /^ERR Error compiling script/],
  [
    'redis.call("HSET", KEYS[1], "a", 1, "b", 2) return redis.call("HGETALL", KEYS[1])',
    ['@hs'],
    [],
    ['a', '1', 'b', '2'],
  ],
  ['return redis.call("HMGET", KEYS[1], "a", "zz")[2] == false', ['@hs'], [], 1],
  ['return {unpack({1, 2, 3}, 2)}', [], [], [2, 3]],
  ['return #KEYS + #ARGV', ['@a', '@b'], ['c'], 3],
  ['return redis.sha1hex("")', [], [], 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  ['return ARGV[1] % 7', [], ['10'], 3],
];

/** Declares the suite; `connect` is called once, and `prefix` keeps its keys apart from all others. */
export function redisConformance(connect: () => Promise<RedisCall>, prefix: string): void {
  let call: RedisCall;
  const key = (text: string): string => (text.startsWith('@') ? prefix + text.slice(1) : text);

  const check = async (words: string[], expected: Expected): Promise<void> => {
    if (expected instanceof RegExp) {
      const failure = await call(...words).then(
        (value) => (typeof value === 'string' ? value : `no error: ${JSON.stringify(value)}`),
        (error: Error) => error.message,
      );
      expect(failure, words.join(' ')).toMatch(expected);
      return;
    }
    const reply = await call(...words);
    if (expected !== null && typeof expected === 'object' && 'sorted' in expected) {
      expect((reply as string[]).toSorted(), words.join(' ')).toEqual(expected.sorted);
    } else expect(reply, words.join(' ')).toEqual(expected);
  };

  const removeKeys = async (): Promise<void> => {
    const keys = (await call('KEYS', `${prefix}*`)) as string[];
    if (keys.length > 0) await call('DEL', ...keys);
  };

  beforeAll(async () => {
    call = await connect();
    await removeKeys();
  });

  afterAll(async () => {
    await removeKeys();
  });

  describe.each(Object.entries(STEPS))('%s', (_name, steps) => {
    it(`answers ${steps.length} commands`, async () => {
      for (const [command, expected] of steps) {
        await check(
          command.split(' ').map((text) => key(text).replace(/(?<=^y)_/, ' ')),
          expected,
        );
      }
    });
  });

  it('forgets an expired key', async () => {
    await call('SET', key('@short'), 'v', 'PX', '60');
    await call('HSET', key('@shorthash'), 'f', 'v');
    await call('PEXPIRE', key('@shorthash'), '60');
    expect(await call('PTTL', key('@short'))).toBeGreaterThan(0);
    await sleep(120);
    expect(await call('GET', key('@short'))).toBeNull();
    expect(await call('HGETALL', key('@shorthash'))).toEqual([]);
    expect(await call('TTL', key('@short'))).toBe(-2);
  });

  it('finds keys by pattern, and every one by SCAN', async () => {
    const names = Array.from({ length: 25 }, (_, index) => `@scan:${index}`);
    for (const name of names) await call('SET', key(name), 'v');
    expect(((await call('KEYS', key('@scan:1?'))) as string[]).toSorted()).toEqual(
      Array.from({ length: 10 }, (_, index) => key(`@scan:1${index}`)),
    );
    expect(((await call('KEYS', key('@scan:[2-3]'))) as string[]).toSorted()).toEqual([
      key('@scan:2'),
      key('@scan:3'),
    ]);
    const found = new Set<string>();
    for (let cursor = '0', first = true; first || cursor !== '0'; first = false) {
      const [next, page] = (await call('SCAN', cursor, 'MATCH', key('@scan:*'), 'COUNT', '7')) as [
        string,
        string[],
      ];
      for (const name of page) found.add(name);
      cursor = next;
    }
    expect(found).toEqual(new Set(names.map(key)));
    await expect(call('SCAN', 'x')).rejects.toThrow(/^ERR invalid cursor/);
  });

  it('tells the time in seconds and microseconds', async () => {
    const [seconds, micros] = (await call('TIME')) as [string, string];
    expect(Math.abs(Number(seconds) * 1_000 + Number(micros) / 1_000 - Date.now())).toBeLessThan(60_000);
  });

  it.each(SCRIPTS)('runs %s', async (source, keys, args, expected) => {
    if (source.includes('"INCR"')) await call('SET', key('@k'), 'v');
    await check(['EVAL', source, String(keys.length), ...keys.map(key), ...args], expected);
  });

  it('keeps scripts by their SHA-1', async () => {
    const source = `return "${prefix}"`;
    const sha = (await call('SCRIPT', 'LOAD', source)) as string;
    expect(sha).toMatch(/^[0-9a-f]{40}$/);
    expect(await call('EVALSHA', sha.toUpperCase(), '0')).toBe(prefix);
    expect(await call('SCRIPT', 'EXISTS', sha, '0'.repeat(40))).toEqual([1, 0]);
    await check(['EVALSHA', '0'.repeat(40), '0'], /^NOSCRIPT No matching script/);
    await check(['EVAL', 'return 1', 'x'], NOT_INTEGER);
    await check(['EVAL', 'return 1', '2', 'a'], /^ERR Number of keys can't be greater than number of args/);
    await check(['EVAL', 'return 1', '-1'], /^ERR Number of keys can't be negative/);
  });

  it('runs a script as one step', async () => {
    const source =
      'local n = tonumber(redis.call("GET", KEYS[1]) or 0) redis.call("SET", KEYS[1], n + 1) return n + 1';
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => call('EVAL', source, '1', key('@atomic'))),
    );
    expect(replies.toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });
}
