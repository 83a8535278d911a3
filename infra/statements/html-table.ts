import { Parser } from 'htmlparser2';
import { cellText, MAX_COLUMNS, StatementFault, type TableRow, TableRows } from './statement-table.ts';

/**
 * The rows of all tables of a terminal's HTML report. A cell over several columns fills the first of them. Cells that the
 * report hides are none: terminals write figures of a row's details there. Nothing is loaded and no script is run.
 */
export function htmlTable(text: string): TableRow[] {
  const table = new TableRows();
  const lineAt = lineCounter(text);
  let row: { line: number; cells: string[] } | null = null;
  let cell: { text: string; span: number; hidden: boolean } | null = null;
  let ended = false;
  const endCell = () => {
    if (row !== null && cell !== null && !cell.hidden && row.cells.length + cell.span <= MAX_COLUMNS)
      row.cells.push(cellText(cell.text), ...new Array<string>(cell.span - 1).fill(''));
    cell = null;
  };
  const endRow = () => {
    endCell();
    if (row !== null && ended) throw new StatementFault(row.line, 'the file ends in the middle of this row');
    if (row !== null) table.add(row.line, row.cells);
    row = null;
  };
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (name === 'tr') {
          endRow();
          row = { line: lineAt(parser.startIndex), cells: [] };
        } else if (name === 'td' || name === 'th') {
          endCell();
          const hidden =
            attributes['class'] === 'hidden' || /display:\s*none/i.test(attributes['style'] ?? '');
          cell = { text: '', span: spanOf(attributes['colspan']), hidden };
        }
      },
      ontext(part) {
        if (cell !== null) cell.text += part;
      },
      onclosetag(name) {
        if (name === 'td' || name === 'th') endCell();
        if (name === 'tr') endRow();
      },
    },
    { lowerCaseTags: true },
  );
  parser.write(text);
  ended = true;
  parser.end();
  return table.rows;
}

const spanOf = (text: string | undefined): number =>
  text !== undefined && /^[1-9]\d?$/.test(text) ? Number(text) : 1;

/** The line (from 1) of a place in a text, for places that only ever come later. */
function lineCounter(text: string): (index: number) => number {
  let line = 1;
  let next = text.indexOf('\n');
  return (index) => {
    while (next >= 0 && next < index) {
      line += 1;
      next = text.indexOf('\n', next + 1);
    }
    return line;
  };
}
