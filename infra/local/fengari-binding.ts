// The part of fengari (a Lua 5.3 machine in JavaScript, without types) that the Redis stand-in uses.
//
// Redis scripts are Lua 5.1: there an integral float prints as `3`, in 5.3 as `3.0`. fengari has a switch for the
// old form, read from the environment when it is first loaded, hence the require behind the assignment.
import { createRequire } from 'node:module';

/** A Lua state; opaque. */
export type LuaState = { readonly luaState: unique symbol };
/** A Lua string: bytes. */
export type LuaString = Uint8Array;
/** A function callable from Lua: takes its arguments from the stack, returns how many results it has pushed. */
export type LuaFunction = (L: LuaState) => number;

interface LuaApi {
  LUA_OK: number;
  LUA_REGISTRYINDEX: number;
  LUA_MASKCOUNT: number;
  LUA_TNIL: number;
  LUA_TBOOLEAN: number;
  LUA_TNUMBER: number;
  LUA_TSTRING: number;
  LUA_TTABLE: number;
  lua_type(L: LuaState, index: number): number;
  lua_gettop(L: LuaState): number;
  lua_settop(L: LuaState, index: number): void;
  lua_pop(L: LuaState, count: number): void;
  lua_pushnil(L: LuaState): void;
  lua_pushboolean(L: LuaState, value: boolean): void;
  lua_pushinteger(L: LuaState, value: number): void;
  lua_pushnumber(L: LuaState, value: number): void;
  lua_pushstring(L: LuaState, value: LuaString): void;
  lua_pushcfunction(L: LuaState, value: LuaFunction): void;
  lua_pushvalue(L: LuaState, index: number): void;
  lua_toboolean(L: LuaState, index: number): boolean;
  lua_tonumber(L: LuaState, index: number): number;
  lua_tostring(L: LuaState, index: number): LuaString | null;
  lua_createtable(L: LuaState, arraySize: number, recordSize: number): void;
  lua_rawgeti(L: LuaState, index: number, n: number): number;
  lua_rawseti(L: LuaState, index: number, n: number): void;
  lua_rawget(L: LuaState, index: number): number;
  lua_rawset(L: LuaState, index: number): void;
  lua_setglobal(L: LuaState, name: LuaString): void;
  lua_pcall(L: LuaState, args: number, results: number, handler: number): number;
  lua_error(L: LuaState): never;
  lua_sethook(L: LuaState, hook: ((L: LuaState) => void) | null, mask: number, count: number): void;
}

interface LauxApi {
  luaL_newstate(): LuaState;
  luaL_loadbuffer(L: LuaState, source: LuaString, size: number, name: LuaString): number;
  luaL_requiref(L: LuaState, name: LuaString, open: LuaFunction, global: boolean): void;
  luaL_ref(L: LuaState, table: number): number;
  luaL_where(L: LuaState, level: number): void;
}

interface Fengari {
  lua: LuaApi;
  lauxlib: LauxApi;
  lualib: Record<'luaopen_base' | 'luaopen_table' | 'luaopen_string' | 'luaopen_math', LuaFunction>;
  to_luastring(text: string): LuaString;
}

function loadFengari(): Fengari {
  process.env.FENGARICONF ??= JSON.stringify({ LUA_COMPAT_FLOATSTRING: true });
  return createRequire(import.meta.url)('fengari') as Fengari;
}

export const { lua, lauxlib, lualib, to_luastring: luaString } = loadFengari();

/** Text of a Lua string; bytes that are no UTF-8 become U+FFFD. */
export function luaText(bytes: LuaString | null): string {
  return bytes === null ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
