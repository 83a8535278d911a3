import { Parser } from 'htmlparser2';
import { fileText } from '../../functions/platform/file-text.ts';
import { cellText, MAX_COLUMNS, StatementFault, type TableRow, TableRows } from './statement-table.ts';
import { zipParts } from './zip-parts.ts';

const STRINGS = 'xl/sharedStrings.xml';
const SHEET = 'xl/worksheets/sheet1.xml';

/**
 * The rows of the one sheet of a terminal's workbook (ECMA-376 part 1, 18.3), whose parts it writes in UTF-16. Nothing but
 * the sheet and its strings is unpacked. A document type is refused, so that there are no entities to expand; numbers are
 * read as they are written, never through a float.
 */
export function xlsxTable(bytes: Uint8Array): TableRow[] {
  const parts = zipParts(bytes, (name) => name === STRINGS || name === SHEET);
  const sheet = parts.get(SHEET);
  if (sheet === undefined) throw new StatementFault(1, `the workbook has no ${SHEET}`);
  const strings = parts.get(STRINGS);
  return readSheet(textOf(SHEET, sheet), strings === undefined ? [] : readStrings(textOf(STRINGS, strings)));
}

function textOf(name: string, part: Uint8Array): string {
  const text = fileText(part);
  if (text === null) throw new StatementFault(1, `${name} is neither UTF-8 nor UTF-16`);
  return text;
}

type Events = {
  open?(name: string, attributes: Readonly<Record<string, string>>): void;
  text?(part: string): void;
  close?(name: string): void;
};

/** Walks a part from beginning to end; `line` says where in the sheet a fault is to be told. */
function walkXml(part: string, text: string, root: string, line: () => number, events: Events): void {
  let whole = false;
  // An element that ends itself is closed by the very next event; any other that nothing closes was cut or crossed.
  let justOpened = false;
  const parser = new Parser(
    {
      onprocessinginstruction(name) {
        if (name.startsWith('!')) throw new StatementFault(line(), `${part} has a document type or entities`);
      },
      onopentag(name, attributes) {
        justOpened = true;
        events.open?.(name, attributes);
      },
      ontext(piece) {
        justOpened = false;
        events.text?.(piece);
      },
      onclosetag(name, isImplied) {
        if (isImplied && !justOpened) throw new StatementFault(line(), `${part} does not end its ${name}`);
        justOpened = false;
        events.close?.(name);
        if (name === root && !isImplied) whole = true;
      },
    },
    { xmlMode: true },
  );
  parser.end(text);
  if (!whole) throw new StatementFault(line(), `${part} is no ${root}`);
}

function readStrings(text: string): string[] {
  const strings: string[] = [];
  let item = '';
  let inText = false;
  walkXml(STRINGS, text, 'sst', () => 1, {
    open(name) {
      if (name === 'si') item = '';
      inText = name === 't';
    },
    text(part) {
      if (inText) item += part;
    },
    close(name) {
      if (name === 't') inText = false;
      if (name === 'si') strings.push(cellText(item));
    },
  });
  return strings;
}

function readSheet(text: string, strings: readonly string[]): TableRow[] {
  const table = new TableRows();
  let line = 0;
  let cells: string[] = [];
  let cell = { column: -1, type: '', value: '' };
  let inValue = false;
  walkXml(SHEET, text, 'worksheet', () => line, {
    open(name, { r = '', t = '' }) {
      if (name === 'row') {
        line = /^[1-9]\d{0,6}$/.test(r) ? Number(r) : line + 1;
        cells = [];
      } else if (name === 'c') cell = { column: columnOf(r), type: t, value: '' };
      inValue = name === 'v' || name === 't';
    },
    text(part) {
      if (inValue) cell.value += part;
    },
    close(name) {
      if (name === 'v' || name === 't') inValue = false;
      if (name === 'c' && cell.column < 0) throw new StatementFault(line, 'a cell has no column');
      if (name === 'c' && cell.column < MAX_COLUMNS) cells[cell.column] = cellValue(cell, strings, line);
      if (name === 'row')
        table.add(
          line,
          Array.from(cells, (value) => value ?? ''),
        );
    },
  });
  return table.rows;
}

/** The column of a reference such as `AB12`, from 0; -1 where it is none. */
function columnOf(reference: string): number {
  const [, letters] = /^([A-Z]{1,3})\d+$/.exec(reference) ?? [];
  return letters === undefined ? -1 : [...letters].reduce((n, c) => n * 26 + c.charCodeAt(0) - 64, 0) - 1;
}

function cellValue(
  { type, value }: { type: string; value: string },
  strings: readonly string[],
  line: number,
): string {
  if (type !== 's' || value === '') return cellText(value);
  const text = /^\d{1,7}$/.test(value) ? strings[Number(value)] : undefined;
  if (text === undefined)
    throw new StatementFault(line, 'a cell names a text that the workbook does not have');
  return text;
}
