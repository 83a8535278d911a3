// Every command of the Redis stand-in: lookup, arity, scripts, transactions.
//
// Invariant: commands run one after the other to their end, so each is atomic, and so is a script or transaction.
import { COLLECTION_COMMANDS } from './redis-collection-commands.ts';
import { type CommandTable, word } from './redis-command.ts';
import { KEY_COMMANDS } from './redis-key-commands.ts';
import { RedisScripts } from './redis-lua.ts';
import { parseInteger } from './redis-numbers.ts';
import { OK, RedisError, type Reply } from './redis-reply.ts';
import { SORTED_SET_COMMANDS } from './redis-sorted-set-commands.ts';
import { RedisStore } from './redis-store.ts';
import { STRING_COMMANDS } from './redis-string-commands.ts';

const COMMANDS: CommandTable = {
  ...KEY_COMMANDS,
  ...STRING_COMMANDS,
  ...COLLECTION_COMMANDS,
  ...SORTED_SET_COMMANDS,
};
const SCRIPT_ARITY: Readonly<Record<string, number>> = { EVAL: -3, EVALSHA: -3, SCRIPT: -2 };

/** The result of one command inside a pipeline or transaction. */
export type Outcome = { reply: Reply } | { error: RedisError };

function arityOf(name: string): number | undefined {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name]?.arity;
  return Object.hasOwn(SCRIPT_ARITY, name) ? SCRIPT_ARITY[name] : undefined;
}

function checkForm(name: string, command: readonly string[]): void {
  const arity = arityOf(name);
  if (arity === undefined) {
    const beginning = command.slice(1).map((text) => `'${text.slice(0, 128)}' `);
    throw new RedisError(
      `ERR unknown command '${word(command, 0)}', with args beginning with: ${beginning.join('')}`,
    );
  }
  if (arity >= 0 ? command.length !== arity : command.length < -arity) {
    throw new RedisError(`ERR wrong number of arguments for '${name.toLowerCase()}' command`);
  }
}

/** A Redis database in memory. `now` gives epoch milliseconds (the system clock by default). */
export class RedisCommands {
  readonly #store: RedisStore;
  readonly #scripts = new RedisScripts();

  constructor(now: () => number = Date.now) {
    this.#store = new RedisStore(now);
  }

  /** Runs one command, given as its words. Throws RedisError worded as Redis words it. */
  run(command: readonly string[]): Reply {
    const name = word(command, 0).toUpperCase();
    checkForm(name, command);
    const args = command.slice(1);
    if (name === 'EVAL' || name === 'EVALSHA') return this.#evaluate(name, args);
    if (name === 'SCRIPT') return this.#script(args);
    const found = COMMANDS[name];
    if (found === undefined) throw new RedisError('ERR unknown command');
    return found.run(this.#store, args);
  }

  /**
   * Runs commands as one transaction: an unknown or ill-formed one refuses all (EXECABORT), one that fails while
   * running does not stop the others.
   */
  transaction(commands: readonly (readonly string[])[]): Outcome[] {
    for (const command of commands) {
      try {
        checkForm(word(command, 0).toUpperCase(), command);
      } catch {
        throw new RedisError('EXECABORT Transaction discarded because of previous errors.');
      }
    }
    return this.#store.atOneInstant(() => commands.map((command) => this.attempt(command)));
  }

  /** Runs one command of a pipeline: its error is a value. */
  attempt(command: readonly string[]): Outcome {
    try {
      return { reply: this.run(command) };
    } catch (error) {
      if (error instanceof RedisError) return { error };
      throw error;
    }
  }

  #evaluate(name: 'EVAL' | 'EVALSHA', args: readonly string[]): Reply {
    const keyCount = parseInteger(word(args, 1));
    if (keyCount < 0) throw new RedisError("ERR Number of keys can't be negative");
    if (keyCount > args.length - 2)
      throw new RedisError("ERR Number of keys can't be greater than number of args");
    const sha = name === 'EVAL' ? this.#scripts.load(word(args, 0)) : word(args, 0);
    const call = (command: string[]): Reply => {
      if (Object.hasOwn(SCRIPT_ARITY, word(command, 0).toUpperCase())) {
        throw new RedisError('ERR This Redis command is not allowed from script');
      }
      return this.run(command);
    };
    return this.#store.atOneInstant(() =>
      this.#scripts.run(sha, args.slice(2, 2 + keyCount), args.slice(2 + keyCount), call),
    );
  }

  #script(args: readonly string[]): Reply {
    const action = word(args, 0).toUpperCase();
    if (action === 'LOAD' && args.length === 2) return this.#scripts.load(word(args, 1));
    if (action === 'EXISTS' && args.length > 1)
      return args.slice(1).map((sha) => (this.#scripts.has(sha) ? 1 : 0));
    if (action === 'FLUSH' && args.length <= 2) {
      this.#scripts.clear();
      return OK;
    }
    throw new RedisError(
      `ERR unknown subcommand or wrong number of arguments for '${word(args, 0)}'. Try SCRIPT HELP.`,
    );
  }
}
