// EVAL for the Redis stand-in: one Lua machine, scripts compiled once and kept by their SHA-1.
//
// Invariants:
// - A script is atomic and sees one instant: it runs synchronously, with the store's clock standing still.
// - Conversions are Redis': nil is false inside and nil outside, numbers lose their fraction on the way out, a
//   table ends at its first nil, `{ok=}` and `{err=}` are status and error.
// - Globals are read-only, there is no file, process or module access, and a script is ended after 5 s.
// Source: redis.io/docs/latest/develop/programmability/lua-api.
import { createHash } from 'node:crypto';
import { type LuaState, lauxlib, lua, lualib, luaString, luaText } from './fengari-binding.ts';
import { luaNumberText } from './redis-numbers.ts';
import { RedisError, type Reply, StatusReply } from './redis-reply.ts';

/** Runs one command for a script; throws RedisError. */
export type ScriptCall = (args: string[]) => Reply;

const TIME_LIMIT_MS = 5_000;
const CHUNK_NAME = luaString('@user_script');
const PRELUDE = `
unpack, loadstring = table.unpack, load
math.pow = function(x, y) return x ^ y end
table.getn = function(t) return #t end
dofile, loadfile, load, print, collectgarbage, require = nil
redis.error_reply = function(text)
  if type(text) ~= 'string' then return { err = 'ERR wrong number or type of arguments' } end
  if not string.find(text, '^%-?%u+%s') then text = 'ERR ' .. text end
  return { err = (string.gsub(text, '^%-', '')) }
end
redis.status_reply = function(text) return { ok = text } end
redis.log, redis.setresp, redis.replicate_commands = function() end, function() end, function() return true end
redis.LOG_DEBUG, redis.LOG_VERBOSE, redis.LOG_NOTICE, redis.LOG_WARNING = 0, 1, 2, 3
KEYS, ARGV = {}, {}
setmetatable(_G, {
  __newindex = function() error('Attempt to modify a readonly table', 2) end,
  __index = function(_, name)
    error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
  end,
})
`;

/** The SHA-1 of a script in hexadecimal, as EVALSHA names it. */
export function scriptSha(source: string): string {
  return createHash('sha1').update(source).digest('hex');
}

function pushText(L: LuaState, text: string): void {
  lua.lua_pushstring(L, luaString(text));
}

function pushField(L: LuaState, name: string, text: string): void {
  lua.lua_createtable(L, 0, 1);
  pushText(L, name);
  pushText(L, text);
  lua.lua_rawset(L, -3);
}

function pushReply(L: LuaState, reply: Reply): void {
  if (reply === null) lua.lua_pushboolean(L, false);
  else if (typeof reply === 'string') pushText(L, reply);
  else if (reply instanceof StatusReply) pushField(L, 'ok', reply.text);
  // Lua 5.3 would treat a large integer as a 32-bit one here: fengari's integers have that size.
  else if (typeof reply === 'number') lua.lua_pushnumber(L, reply);
  else {
    lua.lua_createtable(L, reply.length, 0);
    reply.forEach((item, index) => {
      pushReply(L, item);
      lua.lua_rawseti(L, -2, index + 1);
    });
  }
}

function readField(L: LuaState, name: string): string | undefined {
  pushText(L, name);
  const type = lua.lua_rawget(L, -2);
  const text = type === lua.LUA_TSTRING ? luaText(lua.lua_tostring(L, -1)) : undefined;
  lua.lua_pop(L, 1);
  return text;
}

/** Reads the value at the top of the stack and leaves it there. */
function readReply(L: LuaState): Reply {
  switch (lua.lua_type(L, -1)) {
    case lua.LUA_TSTRING:
      return luaText(lua.lua_tostring(L, -1));
    case lua.LUA_TNUMBER:
      return Math.trunc(lua.lua_tonumber(L, -1)) + 0;
    case lua.LUA_TBOOLEAN:
      return lua.lua_toboolean(L, -1) ? 1 : null;
    case lua.LUA_TTABLE:
      return readTable(L);
    default:
      return null;
  }
}

function readTable(L: LuaState): Reply {
  const error = readField(L, 'err');
  if (error !== undefined) throw new RedisError(error);
  const status = readField(L, 'ok');
  if (status !== undefined) return new StatusReply(status);
  const items: Reply[] = [];
  for (let index = 1; ; index += 1) {
    if (lua.lua_rawgeti(L, -1, index) === lua.LUA_TNIL) {
      lua.lua_pop(L, 1);
      return items;
    }
    items.push(readReply(L));
    lua.lua_pop(L, 1);
  }
}

function readArguments(L: LuaState): string[] {
  const count = lua.lua_gettop(L);
  if (count === 0) throw new RedisError('ERR Please specify at least one argument for this redis lib call');
  return Array.from({ length: count }, (_, index) => {
    const type = lua.lua_type(L, index + 1);
    if (type === lua.LUA_TNUMBER) return luaNumberText(lua.lua_tonumber(L, index + 1));
    if (type === lua.LUA_TSTRING) return luaText(lua.lua_tostring(L, index + 1));
    throw new RedisError('ERR Lua redis lib command arguments must be strings or integers');
  });
}

function forScripts(message: string): string {
  if (message.startsWith('ERR unknown command')) return 'ERR Unknown Redis command called from script';
  if (message.startsWith('ERR wrong number of arguments')) {
    return 'ERR Wrong number of args calling Redis command from script';
  }
  return message;
}

/** The Lua machine and the scripts it knows. */
export class RedisScripts {
  readonly #L: LuaState = lauxlib.luaL_newstate();
  readonly #compiled = new Map<string, number>();
  #call: ScriptCall = () => null;
  #raised: { message: string; line: string } | undefined;
  #deadline = 0;

  constructor() {
    const L = this.#L;
    lauxlib.luaL_requiref(L, luaString('_G'), lualib.luaopen_base, true);
    lauxlib.luaL_requiref(L, luaString('table'), lualib.luaopen_table, true);
    lauxlib.luaL_requiref(L, luaString('string'), lualib.luaopen_string, true);
    lauxlib.luaL_requiref(L, luaString('math'), lualib.luaopen_math, true);
    lua.lua_createtable(L, 0, 12);
    this.#method('call', (state) => this.#command(state, true));
    this.#method('pcall', (state) => this.#command(state, false));
    this.#method('sha1hex', (state) => {
      pushText(state, scriptSha(luaText(lua.lua_tostring(state, 1))));
      return 1;
    });
    lua.lua_setglobal(L, luaString('redis'));
    const prelude = luaString(PRELUDE);
    lauxlib.luaL_loadbuffer(L, prelude, prelude.length, luaString('=prelude'));
    if (lua.lua_pcall(L, 0, 0, 0) !== lua.LUA_OK) throw new Error(luaText(lua.lua_tostring(L, -1)));
    lua.lua_settop(L, 0);
  }

  #method(name: string, run: (L: LuaState) => number): void {
    pushText(this.#L, name);
    lua.lua_pushcfunction(this.#L, run);
    lua.lua_rawset(this.#L, -3);
  }

  #command(L: LuaState, raises: boolean): number {
    try {
      pushReply(L, this.#call(readArguments(L)));
      return 1;
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      const message = forScripts(error.message);
      if (!raises) {
        pushField(L, 'err', message);
        return 1;
      }
      lauxlib.luaL_where(L, 1);
      const line = /:(\d+):/.exec(luaText(lua.lua_tostring(L, -1)))?.[1] ?? '1';
      this.#raised = { message, line };
      pushText(L, message);
    }
    return lua.lua_error(L);
  }

  /** Compiles and keeps a script; answers its SHA-1. Throws ERR for a syntax error. */
  load(source: string): string {
    const sha = scriptSha(source);
    if (this.#compiled.has(sha)) return sha;
    const L = this.#L;
    // The shebang names flags for Redis and Upstash; its line stays, so that line numbers are right.
    const body = luaString(source.replace(/^#!.*/, ''));
    if (lauxlib.luaL_loadbuffer(L, body, body.length, CHUNK_NAME) !== lua.LUA_OK) {
      const reason = luaText(lua.lua_tostring(L, -1));
      lua.lua_settop(L, 0);
      throw new RedisError(`ERR Error compiling script (new function): ${reason}`);
    }
    this.#compiled.set(sha, lauxlib.luaL_ref(L, lua.LUA_REGISTRYINDEX));
    return sha;
  }

  has(sha: string): boolean {
    return this.#compiled.has(sha.toLowerCase());
  }

  /** Forgets all scripts. */
  clear(): void {
    this.#compiled.clear();
  }

  /** Runs a known script. Throws NOSCRIPT for an unknown one and the script's own error otherwise. */
  run(sha: string, keys: readonly string[], args: readonly string[], call: ScriptCall): Reply {
    const reference = this.#compiled.get(sha.toLowerCase());
    if (reference === undefined) throw new RedisError('NOSCRIPT No matching script. Please use EVAL.');
    const L = this.#L;
    this.#call = call;
    this.#raised = undefined;
    this.#deadline = Date.now() + TIME_LIMIT_MS;
    lua.lua_sethook(L, (state) => this.#checkTime(state), lua.LUA_MASKCOUNT, 100_000);
    pushReply(L, [...keys]);
    lua.lua_setglobal(L, luaString('KEYS'));
    pushReply(L, [...args]);
    lua.lua_setglobal(L, luaString('ARGV'));
    lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, reference);
    try {
      if (lua.lua_pcall(L, 0, 1, 0) !== lua.LUA_OK) throw this.#failure(L, sha.toLowerCase());
      return readReply(L);
    } finally {
      lua.lua_settop(L, 0);
    }
  }

  #checkTime(L: LuaState): void {
    if (Date.now() < this.#deadline) return;
    pushText(L, 'Script killed by user with SCRIPT KILL');
    lua.lua_error(L);
  }

  #failure(L: LuaState, sha: string): RedisError {
    const raised = this.#raised;
    const isTable = lua.lua_type(L, -1) === lua.LUA_TTABLE;
    const text = (isTable ? readField(L, 'err') : luaText(lua.lua_tostring(L, -1))) ?? 'ERR unknown error';
    const own = raised !== undefined && raised.message === text;
    const line = own ? raised.line : (/user_script:(\d+):/.exec(text)?.[1] ?? '1');
    const message = own || isTable ? text : `ERR ${text}`;
    return new RedisError(`${message} script: ${sha}, on @user_script:${line}.`);
  }
}
