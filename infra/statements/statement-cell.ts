import { plain } from '../../functions/platform/decimal.ts';
import { StatementFault, type TableRow } from './statement-table.ts';

/** As many digits as the books hold: 15 before the point, 8 behind it. */
const NUMBER = /^-?\d{1,15}(?:\.\d{1,8})?$/;
const GROUPED = /^-?\d{1,3}(?: \d{3})+(?:\.\d+)?$/;
const TICKET = /^[1-9]\d{0,17}$/;
const MOMENT = /^(\d{4})[.\-/](\d\d)[.\-/](\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:\.0+)?)?$/;

/** Where each named column stands; a row is read by name from here on. */
export type Columns<Name extends string> = ReadonlyMap<Name, number>;

/** The cells of one row by the names of their columns. What a cell does not say as it must is a fault of its line. */
export class StatementCells<Name extends string> {
  readonly line: number;
  readonly #cells: readonly string[];
  readonly #columns: Columns<Name>;
  constructor(row: TableRow, columns: Columns<Name>) {
    this.line = row.line;
    this.#cells = row.cells;
    this.#columns = columns;
  }

  /** As it is; empty where there is none. */
  text(name: Name): string {
    return this.#cells[this.#columns.get(name) ?? -1] ?? '';
  }

  /** A plain decimal; terminals group thousands by spaces. Empty is `missing`, or a fault without it. */
  number(name: Name, missing?: string): string {
    const text = this.text(name);
    if (text === '' && missing !== undefined) return missing;
    const bare = GROUPED.test(text) ? text.replaceAll(' ', '') : text;
    if (!NUMBER.test(bare)) throw this.fault(`${name} is not a number: ${quoted(text)}`);
    return plain(bare);
  }

  /** A number above zero. */
  positive(name: Name): string {
    const number = this.number(name);
    if (number === '0' || number.startsWith('-')) throw this.fault(`${name} is not above zero`);
    return number;
  }

  ticket(name: Name): string {
    const text = this.text(name);
    if (!TICKET.test(text)) throw this.fault(`${name} is no ticket: ${quoted(text)}`);
    return text;
  }

  /** The server's wall clock as if it were UTC, in milliseconds. */
  moment(name: Name): number {
    const [, year, month, day, hour, minute, second = '00'] = MOMENT.exec(this.text(name)) ?? [];
    const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
    const ms = year === undefined ? Number.NaN : Date.parse(iso);
    // A 30 February is read as a day of March.
    if (Number.isNaN(ms) || new Date(ms).toISOString() !== iso)
      throw this.fault(`${name} is no time: ${quoted(this.text(name))}`);
    return ms;
  }

  fault(text: string): StatementFault {
    return new StatementFault(this.line, text);
  }
}

const quoted = (text: string): string => (text === '' ? 'empty' : JSON.stringify(text.slice(0, 40)));

/** The columns that a heading names; each once, the `needed` ones all. */
export function columnsOf<Name extends string>(
  { line, cells }: TableRow,
  names: Readonly<Record<string, Name>>,
  needed: readonly Name[],
): Columns<Name> {
  const columns = new Map<Name, number>();
  for (const [i, cell] of cells.entries()) {
    const name = names[cell.toLowerCase()];
    if (name === undefined) continue;
    if (columns.has(name)) throw new StatementFault(line, `the column ${name} stands twice`);
    columns.set(name, i);
  }
  const missing = needed.filter((name) => !columns.has(name));
  if (missing.length > 0) throw new StatementFault(line, `the heading names no ${missing.join(', ')}`);
  return columns;
}
