// Which statements one PostgreSQL connection has prepared, by query text.
//
// Invariants:
// - A text is prepared under a name at its second use; a text seen once (a migration, say) costs no memory in
//   the backend.
// - `prepared` is set only by the backend's ParseComplete: a Parse skipped after an error must be sent again,
//   and one that succeeded must not (42P05).
// - Eviction happens between runs, with Close messages ahead of everything else, so that no run loses a
//   statement that it is about to use.
import type { FieldDef } from 'pg';

/** `columnsJson` is the row description as the answer carries it; undefined until it has been described. */
export interface CachedStatement {
  name: string;
  prepared: boolean;
  columns: { fields: readonly FieldDef[]; json: string } | undefined;
}

const CAPACITY = 400;

export class StatementCache {
  readonly #byText = new Map<string, CachedStatement>();
  #pendingParses: CachedStatement[] = [];
  #stale: string[] = [];
  #nextName = 0;

  /** The entry for a text, now the most recently used; its name is '' while it has been used only once. */
  use(text: string): CachedStatement {
    const known = this.#byText.get(text);
    if (known === undefined) {
      const first: CachedStatement = { name: '', prepared: false, columns: undefined };
      this.#byText.set(text, first);
      return first;
    }
    this.#byText.delete(text);
    this.#byText.set(text, known);
    if (known.name === '') {
      this.#nextName += 1;
      known.name = `s${this.#nextName}`;
    }
    return known;
  }

  /** Notes that a Parse message for this entry has been sent. */
  parseSent(entry: CachedStatement): void {
    this.#pendingParses.push(entry);
  }

  /** The backend has parsed the oldest pending statement. */
  parseCompleted(): void {
    const entry = this.#pendingParses.shift();
    if (entry !== undefined && entry.name !== '') entry.prepared = true;
  }

  /** The run is over: a Parse that the backend skipped will not be answered any more. */
  runEnded(): void {
    this.#pendingParses = [];
  }

  /** Names to close before the next run. */
  takeStale(): string[] {
    while (this.#byText.size > CAPACITY) {
      const oldest = this.#byText.entries().next().value;
      if (oldest === undefined) break;
      this.#byText.delete(oldest[0]);
      if (oldest[1].prepared) this.#stale.push(oldest[1].name);
    }
    const stale = this.#stale;
    this.#stale = [];
    return stale;
  }

  /** Forgets everything, because the schema has changed below it; the names are closed before the next run. */
  clear(): void {
    for (const entry of this.#byText.values()) if (entry.prepared) this.#stale.push(entry.name);
    this.#byText.clear();
  }
}
