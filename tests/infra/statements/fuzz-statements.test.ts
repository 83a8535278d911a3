// Files that were cut, damaged or altered: each is refused with a line, or read into deals that add up.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStatement, type Statement } from '../../../infra/statements/read-statement.ts';
import { StatementFault } from '../../../infra/statements/statement-table.ts';
import { caseCensus, runs } from '../../support/property.ts';
import { mt4Csv, mt5Csv, mt5Html, mt5Xlsx, workbook, xlsxParts } from './statement-files.ts';

const FILES: Record<string, Buffer> = {
  'MT5 CSV': mt5Csv(),
  'MT5 HTML': mt5Html(),
  'MT5 XLSX': mt5Xlsx(),
  'MT4 CSV': mt4Csv(),
};

/** What a file is read as; null where it is refused, which takes a line and a reason and nothing else. */
function outcome(bytes: Uint8Array): Statement | null {
  try {
    return readStatement(bytes);
  } catch (e) {
    expect(e).toBeInstanceOf(StatementFault);
    const { line, message } = e as StatementFault;
    expect(Number.isInteger(line) && line >= 1).toBe(true);
    expect(message).not.toBe('');
    return null;
  }
}

/** No exit without what it closes, no figure that is none. */
function expectSound({ deals }: Statement): void {
  const open = new Map<string, number>();
  for (const d of deals) {
    for (const figure of [d.volume, d.price, d.profit, d.swap, d.commission, d.fee])
      expect(figure).toMatch(/^-?\d{1,15}(\.\d{1,8})?$/);
    expect(Number.isInteger(d.wallMs)).toBe(true);
    if (d.entry === null) continue;
    const left =
      (open.get(d.positionId) ?? 0) + (d.entry === 'in' ? 1 : -1) * Math.round(Number(d.volume) * 1e8);
    expect(left).toBeGreaterThanOrEqual(0);
    open.set(d.positionId, left);
  }
  expect(new Set(deals.map((d) => d.ticket)).size).toBe(deals.length);
}
const tickets = (s: Statement) => s.deals.map((d) => d.ticket);
const facts = (s: Statement | null) => s?.deals.map(({ line: _, ...deal }) => deal);

describe('a file that was cut', () => {
  it.each(Object.keys(FILES))('anywhere is refused, or what is left is whole rows of it: %s', (name) => {
    const file = FILES[name] ?? Buffer.alloc(0);
    const whole = readStatement(file);
    let taken = 0;
    for (let end = 0; end < file.length; end += 1) {
      const left = outcome(file.subarray(0, end));
      if (left === null) continue;
      taken += 1;
      // Only a text without totals can end after any of its rows; after the totals of a report nothing is lost.
      if (name.endsWith('CSV')) expect(file[end - 1]).toBe(10);
      else expect(facts(left)).toEqual(facts(whole));
      const known = new Map(whole.deals.map((d) => [d.ticket, d]));
      expect(left.deals.map((d) => known.get(d.ticket))).toEqual(left.deals);
      expect(tickets(whole)).toEqual(expect.arrayContaining(tickets(left)));
    }
    const rows = file.toString().split('\n').length - 2;
    if (name.endsWith('CSV')) expect(taken).toBe(rows - 1);
    if (name.endsWith('XLSX')) expect(taken).toBe(0);
  });
});

describe('a file that was altered', () => {
  it('by a few bytes is refused with a line, or adds up', () => {
    const census = caseCensus('refused', 'taken', ...Object.keys(FILES));
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.entries(FILES)),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        ([name, file], changes) => {
          const bytes = Buffer.from(file);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const read = outcome(bytes);
          census.note(name, true);
          census.note(read === null ? 'refused' : 'taken', true);
          if (read !== null) expectSound(read);
        },
      ),
      runs(1_500),
    );
    census.expectAllMet();
  });

  it('by pieces of text moved, doubled or left out is refused with a line, or adds up', () => {
    const parts = xlsxParts();
    const SHEET = 'xl/worksheets/sheet1.xml';
    const forms: [string, string, (text: string) => Buffer][] = [
      ['MT5 CSV', mt5Csv().toString(), Buffer.from],
      ['MT4 CSV', mt4Csv().toString(), Buffer.from],
      ['MT5 HTML', mt5Html().toString('utf16le'), (text) => Buffer.from(text, 'utf16le')],
      ['MT5 XLSX', parts[SHEET] ?? '', (text) => workbook({ ...parts, [SHEET]: text })],
    ];
    const census = caseCensus('refused', 'taken');
    const odd = fc.constantFrom(
      '',
      '<',
      '</tr>',
      '"',
      ',',
      '\n',
      '&x;',
      '<!DOCTYPE a>',
      '-',
      '0',
      '1e9',
      '\u0000',
      '\ud800',
      'NaN',
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...forms),
        ...([fc.nat(), fc.nat(60), fc.nat(), odd, fc.boolean()] as const),
        ([, text, write], from, length, to, inserted, moved) => {
          const start = from % text.length;
          const piece = text.slice(start, start + length);
          const rest = text.slice(0, start) + text.slice(start + length);
          const at = to % (rest.length + 1);
          const read = outcome(write(rest.slice(0, at) + inserted + (moved ? piece : '') + rest.slice(at)));
          census.note(read === null ? 'refused' : 'taken', true);
          if (read !== null) expectSound(read);
        },
      ),
      runs(1_500),
    );
    census.expectAllMet();
  });
});
