import { cellText, StatementFault, type TableRow, TableRows } from './statement-table.ts';

/**
 * The rows of a comma-separated text (RFC 4180, a row a line); empty lines are none. Separated by commas, semicolons or tabs,
 * as its first line is. A last line that is not ended was cut off: whether in the middle of a number nobody can tell.
 */
export function csvTable(text: string): TableRow[] {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  if (last.trim() !== '')
    throw new StatementFault(lines.length + 1, 'the last line is not ended: the file seems to be cut off');
  const separator = [',', ';', '\t'].find((s) => lines[0]?.includes(s)) ?? ',';
  const table = new TableRows();
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    table.add(i + 1, cellsOf(line.replace(/\r$/, ''), separator, i + 1));
  }
  return table.rows;
}

function cellsOf(line: string, separator: string, at: number): string[] {
  if (!line.includes('"')) return line.split(separator).map(cellText);
  const cells: string[] = [];
  let rest = line;
  for (;;) {
    const quoted = /^\s*"((?:[^"]|"")*)"\s*/.exec(rest);
    const end = quoted ? quoted[0].length : rest.indexOf(separator);
    const cell = quoted ? (quoted[1] ?? '').replaceAll('""', '"') : rest.slice(0, end < 0 ? undefined : end);
    if (!quoted && cell.includes('"')) throw new StatementFault(at, 'a quotation mark is not ended');
    cells.push(cellText(cell));
    if (end < 0 || end === rest.length) return cells;
    if (rest[end] !== separator) throw new StatementFault(at, 'text stands after a quotation mark');
    rest = rest.slice(end + 1);
  }
}
