// The bridge's own journal of commands: INTENT before anything is sent, RESULT before anything is answered.
// Invariants: both are fsynced before the next step; a command with an intent and no result may have been executed.
import { join } from 'node:path';
import { AppendLog } from './append-log.ts';
import type { Command, CommandResult } from './bridge-envelope.ts';

export interface JournalAttempt {
  attempt: number;
  /** Null where the command was refused before anything was sent. */
  intent: { command: Command; at: string } | null;
  result: CommandResult | null;
}

type Entry =
  | { kind: 'intent'; login: string; at: string; command: Command }
  | { kind: 'result'; login: string; result: CommandResult };

export class BridgeJournal {
  readonly #commands = new Map<string, Map<number, JournalAttempt>>();
  /** Whose intent was the first under a magic. */
  readonly #owners = new Map<string, string>();
  readonly #highest = new Map<string, bigint>();
  readonly #log: AppendLog;

  /** `dir` is the folder of `bridge.jsonl`, or an array in place of the file. */
  constructor(dir: string | unknown[]) {
    const file = typeof dir === 'string' ? join(dir, 'bridge.jsonl') : dir;
    this.#log = AppendLog.open(file, (entry) => this.#apply(entry as Entry));
  }

  /** All attempts known of a command, oldest attempt number first. */
  attempts(login: string, cmdId: string): JournalAttempt[] {
    const known = this.#commands.get(`${login}/${cmdId}`);
    return known ? [...known.values()].sort((a, b) => a.attempt - b.attempt) : [];
  }

  /** The command that was sent with this magic; null where none was. */
  ownerOf(login: string, magic: string): string | null {
    return this.#owners.get(`${login}/${magic}`) ?? null;
  }

  /** The highest magic that an intent of this account names, sent or not; 0 where there is none. */
  highestMagic(login: string): bigint {
    return this.#highest.get(login) ?? 0n;
  }

  /** Login, command id and attempts of everything in the journal. */
  all(): { login: string; cmd_id: string; attempts: JournalAttempt[] }[] {
    return [...this.#commands.keys()].map((key) => {
      const [login = '', cmdId = ''] = key.split('/');
      return { login, cmd_id: cmdId, attempts: this.attempts(login, cmdId) };
    });
  }

  writeIntent(login: string, command: Command, at: string): void {
    this.#write({ kind: 'intent', login, at, command });
  }

  writeResult(login: string, result: CommandResult): void {
    this.#write({ kind: 'result', login, result });
  }

  close(): void {
    this.#log.close();
  }

  #write(entry: Entry): void {
    this.#log.append(entry);
    this.#apply(entry);
  }

  #apply(entry: Entry): void {
    if (entry.kind === 'intent') {
      const { magic } = entry.command.evidence;
      const owner = `${entry.login}/${magic}`;
      if (!this.#owners.has(owner)) this.#owners.set(owner, entry.command.cmd_id);
      if (BigInt(magic) > this.highestMagic(entry.login)) this.#highest.set(entry.login, BigInt(magic));
    }
    const { cmd_id, attempt } = entry.kind === 'intent' ? entry.command : entry.result;
    const key = `${entry.login}/${cmd_id}`;
    const attempts = this.#commands.get(key) ?? new Map<number, JournalAttempt>();
    const known = attempts.get(attempt) ?? { attempt, intent: null, result: null };
    attempts.set(
      attempt,
      entry.kind === 'intent'
        ? { ...known, intent: { command: entry.command, at: entry.at } }
        : { ...known, result: entry.result },
    );
    this.#commands.set(key, attempts);
  }
}
