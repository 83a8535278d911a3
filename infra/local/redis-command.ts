// The form of one Redis command.
import type { Reply } from './redis-reply.ts';
import type { RedisStore } from './redis-store.ts';

/**
 * `arity` counts the command's own name, as in Redis' command table: exact when positive, the least number of
 * words when negative. `run` receives the words after the name and throws RedisError.
 */
export interface RedisCommand {
  arity: number;
  run: (store: RedisStore, args: readonly string[]) => Reply;
}

/** Commands by upper-case name. */
export type CommandTable = Readonly<Record<string, RedisCommand>>;

/** The word at `index`, which the arity check has promised to be there. */
export function word(args: readonly string[], index: number): string {
  return args[index] ?? '';
}

/** Words in pairs: field and value, score and member. */
export function pairs(args: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let index = 0; index + 1 < args.length; index += 2)
    result.push([word(args, index), word(args, index + 1)]);
  return result;
}

/** The bounds `[from, to)` of an inclusive Redis range whose negative indexes count from the end. */
export function sliceBounds(start: number, stop: number, length: number): [number, number] {
  const from = start < 0 ? Math.max(0, length + start) : start;
  const to = stop < 0 ? length + stop : Math.min(stop, length - 1);
  return from > to ? [0, 0] : [from, to + 1];
}
