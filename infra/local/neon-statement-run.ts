// One or several statements sent to PostgreSQL in one write and answered in one read.
//
// A batch is BEGIN, the statements and COMMIT in a single pipeline with one Sync: after an error the backend
// skips everything up to the Sync, so nothing behind a failed statement runs and COMMIT is never reached.
// This talks the extended protocol through node-postgres' `Submittable`, because its own Query class costs
// two passes over every value and cannot pipeline a transaction.
// Source: PostgreSQL manual, "Message Flow: Extended Query" and "Pipelining".
import type { Connection, FieldDef, Submittable } from 'pg';
import type { CachedStatement, StatementCache } from './neon-statement-cache.ts';

/** A query text and its parameters as PostgreSQL text. */
export interface Statement {
  text: string;
  params: readonly (string | null)[];
}

/** What one statement answered; every value is PostgreSQL's text form. `tag` is e.g. `INSERT 0 1`. */
export interface StatementResult {
  tag: string;
  columns: { fields: readonly FieldDef[]; json: string };
  rows: (string | null)[][];
}

/** `too-large` means that the rows were over the limit and the connection was given up. */
export type RunOutcome =
  | { kind: 'done'; results: StatementResult[] }
  | { kind: 'failed'; error: Error }
  | { kind: 'too-large' };

/** `maxBytes` limits the rows; `named` false parses every statement anew, for a schema that moves in the run. */
export interface RunOptions {
  maxBytes: number;
  named: boolean;
}

const NO_COLUMNS: StatementResult['columns'] = { fields: [], json: '[]' };

interface Step {
  statement: Statement;
  entry: CachedStatement;
  visible: boolean;
}

/** A run of statements on one connection; `settle` is called exactly once. */
export class StatementRun implements Submittable {
  readonly #steps: Step[];
  readonly #cache: StatementCache;
  readonly #maxBytes: number;
  readonly #named: boolean;
  readonly #settle: (outcome: RunOutcome) => void;
  readonly #results: StatementResult[] = [];
  #position = 0;
  #rows: (string | null)[][] = [];
  #bytes = 0;
  #settled = false;
  #connection: Connection | undefined;

  constructor(
    statements: readonly Statement[],
    begin: string | undefined,
    cache: StatementCache,
    { maxBytes, named }: RunOptions,
    settle: (outcome: RunOutcome) => void,
  ) {
    const step = (statement: Statement, visible: boolean): Step => ({
      statement,
      entry: cache.use(statement.text),
      visible,
    });
    this.#steps = statements.map((statement) => step(statement, true));
    if (begin !== undefined) {
      this.#steps.unshift(step({ text: begin, params: [] }, false));
      this.#steps.push(step({ text: 'COMMIT', params: [] }, false));
    }
    this.#cache = cache;
    this.#maxBytes = maxBytes;
    this.#named = named;
    this.#settle = settle;
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    connection.stream.cork();
    try {
      for (const name of this.#cache.takeStale()) connection.close({ type: 'S', name }, true);
      const sent = new Set<string>();
      for (const step of this.#steps) this.#send(connection, step, sent);
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
  }

  #send(connection: Connection, { statement, entry, visible }: Step, sent: Set<string>): void {
    const name = this.#named ? entry.name : '';
    const known = name !== '' && (entry.prepared || sent.has(name));
    if (!known) {
      connection.parse({ name, text: statement.text, types: [] }, true);
      if (this.#named) this.#cache.parseSent(entry);
      // A new parse sees today's schema: what an earlier one described may be wrong by now.
      entry.columns = undefined;
      sent.add(name);
    }
    connection.bind({ statement: name, values: statement.params as (string | null)[] }, true);
    if (visible && entry.columns === undefined) connection.describe({ type: 'P', name: '' }, true);
    connection.execute(null, true);
  }

  handleRowDescription(message: { fields: FieldDef[] }): void {
    const step = this.#steps[this.#position];
    if (step) step.entry.columns = { fields: message.fields, json: JSON.stringify(message.fields) };
  }

  handleDataRow(message: { fields: (string | null)[]; length: number }): void {
    if (this.#settled) return;
    this.#bytes += message.length;
    if (this.#bytes > this.#maxBytes) {
      this.#finish({ kind: 'too-large' });
      this.#connection?.stream.destroy();
      return;
    }
    this.#rows.push(message.fields);
  }

  handleCommandComplete(message: { text: string }): void {
    this.#completeStep(message.text);
  }

  handleEmptyQuery(): void {
    this.#completeStep('');
  }

  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: { sendCopyFail: (reason: string) => void }): void {
    connection.sendCopyFail('COPY FROM STDIN is not possible over HTTP');
  }

  handleCopyData(): void {}

  handleError(error: Error): void {
    this.#finish({ kind: 'failed', error });
  }

  handleReadyForQuery(): void {
    this.#finish({ kind: 'done', results: this.#results });
  }

  #completeStep(tag: string): void {
    const step = this.#steps[this.#position];
    if (step) {
      step.entry.columns ??= NO_COLUMNS;
      if (step.visible) this.#results.push({ tag, columns: step.entry.columns, rows: this.#rows });
    }
    this.#rows = [];
    this.#position += 1;
  }

  #finish(outcome: RunOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#cache.runEnded();
    this.#settle(outcome);
  }
}
