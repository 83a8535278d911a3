/**
 * What every form of a terminal's statement comes down to: rows of text cells, each with the line it stands in (of a
 * workbook: the row of its sheet). Whatever cannot be read ends the reading with that line; nothing is ever skipped or
 * guessed, since a history that is nearly right is wrong.
 */
export type TableRow = { line: number; cells: readonly string[] };

/** No statement of a terminal is longer; what is, was not written by one. */
export const MAX_ROWS = 200_000;
/** Columns beyond these are of no list of deals; a cell that claims to stand further right is not kept. */
export const MAX_COLUMNS = 64;

/** Why a file cannot be taken, and where. */
export class StatementFault extends Error {
  readonly line: number;
  constructor(line: number, fault: string) {
    super(fault);
    this.name = 'StatementFault';
    // What goes wrong before the first row is told of the first.
    this.line = Math.max(1, line);
  }
}

/** Collects rows, and refuses the one that is too many. */
export class TableRows {
  readonly rows: TableRow[] = [];
  add(line: number, cells: readonly string[]): void {
    if (this.rows.length >= MAX_ROWS) throw new StatementFault(line, `more than ${MAX_ROWS} rows`);
    this.rows.push({ line, cells });
  }
}

/** A cell as it is read: outer space gone, and a space of any kind the same one. */
export const cellText = (text: string): string => text.replaceAll(/[\s\u00a0\u202f]+/g, ' ').trim();
