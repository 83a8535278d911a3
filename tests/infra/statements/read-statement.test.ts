import { describe, expect, it } from 'vitest';
import { inUtc, MAX_FILE_BYTES, readStatement } from '../../../infra/statements/read-statement.ts';
import type { MarginMode } from '../../../infra/statements/statement-deal.ts';
import { MAX_ROWS, StatementFault } from '../../../infra/statements/statement-table.ts';
import { clockOf, sharedFile } from '../../market/shared-history.ts';
import {
  ACCOUNT_LINE,
  changed,
  DEALS,
  HEADING,
  MT4_HEADING,
  MT4_TRADES,
  mt4Csv,
  mt5Csv,
  mt5Html,
  mt5Xlsx,
  type Row,
  workbook,
  xlsxParts,
} from './statement-files.ts';

const factsOf = (bytes: Uint8Array, mode: MarginMode | null = null) =>
  readStatement(bytes, mode).deals.map(({ line: _, ...deal }) => deal);

/** `LINE: why` of a file that must not be taken. */
function refusal(bytes: Uint8Array, mode: MarginMode | null = null): string {
  try {
    readStatement(bytes, mode);
  } catch (e) {
    if (!(e instanceof StatementFault)) throw e;
    return `${e.line}: ${e.message}`;
  }
  throw new Error('the file was taken');
}
const FORMS: [string, (rows?: readonly Row[]) => Buffer, number][] = [
  ['CSV', mt5Csv, 2],
  ['HTML', mt5Html, 8],
  ['XLSX', mt5Xlsx, 4],
];

describe('a list of deals', () => {
  it.each(FORMS)('is read from %s: times, money, exits with the position that they closed', (_, write) => {
    const { kind, deals, marginMode } = readStatement(write());
    expect([kind, marginMode]).toEqual(['mt5', 'hedging']);
    expect(deals.map((d) => [d.ticket, d.type, d.entry, d.positionId, d.volume, d.reason])).toEqual([
      ['1', 'balance', null, '0', '0', 'client'],
      ['2', 'buy', 'in', '12', '0.1', 'client'],
      ['3', 'sell', 'in', '13', '0.2', 'client'],
      ['4', 'sell', 'out', '12', '0.04', 'client'],
      ['5', 'buy', 'out', '13', '0.2', 'sl'],
      ['6', 'sell', 'out', '12', '0.06', 'tp'],
      ['7', 'balance', null, '0', '0', 'client'],
    ]);
    expect(deals[4]).toMatchObject({
      price: '2106',
      commission: '0',
      swap: '-0.3',
      profit: '-100',
      fee: '0',
    });
    expect(deals[0]).toMatchObject({ profit: '1000', comment: 'Deposit', wallMs: Date.UTC(2024, 2, 4, 8) });
  });

  it('is the same in all three forms, and with its rows in any order', () => {
    const [csv, html, xlsx] = FORMS.map(([, write]) => factsOf(write()));
    expect(html).toEqual(csv);
    expect(xlsx).toEqual(csv);
    for (const [, write] of FORMS) expect(factsOf(write([...DEALS].reverse()))).toEqual(csv);
  });

  it('says of the account what a report says: login, currency, whether it hedges', () => {
    expect(readStatement(mt5Html())).toMatchObject({ login: '500123', currency: 'USD' });
    expect(readStatement(mt5Xlsx())).toMatchObject({ login: '500123', currency: 'USD' });
    const said = refusal(mt5Html(DEALS, { account: ACCOUNT_LINE.replace('Hedge', 'Netting') }));
    expect(said).toMatch(/^10: a sell deal cannot be in of this position$/);
  });

  it('takes a row that stands twice for one, and refuses one of the same ticket with other figures', () => {
    expect(factsOf(mt5Csv([...DEALS, DEALS[3] as Row]))).toEqual(factsOf(mt5Csv()));
    const other = [...DEALS, changed(3, 10, '41.00')[3] as Row];
    expect(refusal(mt5Csv(other))).toBe('9: deal 4 stands in line 5 too, with other figures');
  });

  it.each<[string, number, number, string, RegExp]>([
    ['a number', 3, 10, '4O.00', /^profit is not a number: "4O.00"/],
    ['a number that no column holds', 3, 6, '1234567890123456', /^price is not a number/],
    ['a number with too many places', 3, 6, '2110.000000001', /^price is not a number/],
    ['an empty number', 3, 8, '', /^commission is not a number: empty/],
    ['a time', 3, 0, '2024.02.30 10:00:00', /^time is no time/],
    ['a ticket', 3, 1, '4a', /^deal is no ticket/],
    ['a ticket beyond what tickets are', 3, 1, '1'.repeat(19), /^deal is no ticket/],
    ['an order', 3, 7, 'x', /^order is no ticket/],
    ['no order', 3, 7, '', /^order is empty/],
    ['no symbol', 3, 2, '', /^symbol is empty/],
    ['a type', 3, 3, 'bought', /^there is no type of deal "bought"/],
    ['a direction', 3, 4, 'sideways', /^direction is neither/],
    ['no volume', 3, 5, '0.00', /^volume is not above zero/],
    ['a price below zero', 3, 6, '-1', /^price is not above zero/],
    ['the balance', 3, 11, '1038.49', /^the balance is 1038.49 where 998.5 and this deal leave 1038.5/],
    ['a profit that the balance does not show', 5, 10, '130.00', /^the balance is 1058 where 938.2 and/],
    ['more volume than was opened', 3, 5, '0.11', /^it closes 0.11 lots of XAUUSD that nothing/],
  ])('refuses what is wrong with %s, by the line, in each form', (_, row, column, text, why) => {
    for (const [, write, firstLine] of FORMS) {
      const said = refusal(write(changed(row, column, text)));
      expect(said.split(': ')[0]).toBe(String(firstLine + row));
      expect(said.slice(said.indexOf(': ') + 2)).toMatch(why);
    }
  });

  it.each(FORMS)('refuses one that does not begin with the account: %s', (_, write, firstLine) => {
    expect(refusal(write(DEALS.slice(1)))).toBe(
      `${firstLine}: the balance is 999.5 where the first deal leaves -0.5: the list does not begin with the account`,
    );
  });

  it.each(FORMS)('refuses one with a row missing, and one without rows: %s', (_, write, firstLine) => {
    expect(refusal(write(DEALS.toSpliced(3, 1)))).toMatch(
      new RegExp(`^${firstLine + 3}: the balance is 938.2 where 998.5 and this deal leave 898.2`),
    );
    expect(refusal(write([]))).toMatch(/^\d+: there are no deals$/);
  });

  it.each(HEADING.slice(0, 12))('refuses a list without the column %s', (name) => {
    const at = HEADING.indexOf(name);
    const without = (cells: Row) => cells.toSpliced(at, 1);
    const said = refusal(mt5Csv(DEALS.map(without), without(HEADING)));
    expect(said).toMatch(/^1: (the heading names no |the first line heads neither)/);
  });

  it('needs no comment, and counts a fee where there is one', () => {
    const without = (cells: Row) => cells.toSpliced(12, 1);
    expect(readStatement(mt5Csv(DEALS.map(without), without(HEADING))).deals).toHaveLength(7);
    const withFee = DEALS.map((cells, i) => [...cells, i === 3 ? '-1.00' : '0.00']);
    expect(refusal(mt5Csv(withFee, [...HEADING, 'Fee']))).toMatch(/^5: the balance is 1038.5 where/);
    expect(refusal(mt5Csv(DEALS, HEADING.with(12, 'Profit')))).toBe('1: the column profit stands twice');
  });
});

describe('a report', () => {
  it('is taken with its totals alone, and only where they agree', () => {
    expect(refusal(mt5Html(DEALS, { totals: null }))).toMatch(/has no totals: the file seems to be cut off$/);
    expect(refusal(mt5Xlsx(DEALS, null))).toMatch(/has no totals: the file seems to be cut off$/);
    const totals = (column: number, text: string): Row =>
      ['', '', '', '', '', '', '', '', '-1.50', '-0.50', '60.00', '1000.00', ''].with(column, text);
    expect(refusal(mt5Html(DEALS, { totals: totals(8, '-1.40') }))).toMatch(/^15: the total of commission/);
    expect(refusal(mt5Html(DEALS, { totals: totals(9, '0') }))).toMatch(/^15: the total of swap/);
    expect(refusal(mt5Xlsx(DEALS, totals(11, '1001.00')))).toMatch(/^11: the total of balance/);
  });

  it('may hide cells and span columns', () => {
    const text = mt5Html().toString('utf16le');
    const hidden = text.replace('<td>XAUUSD</td>', '<td class="hidden">9</td><td>XAUUSD</td>');
    expect(factsOf(Buffer.from(hidden, 'utf16le'))).toEqual(factsOf(mt5Html()));
    expect(
      refusal(Buffer.from(text.replace('<td>XAUUSD</td>', '<td>9</td><td>XAUUSD</td>'), 'utf16le')),
    ).toBe('9: order is no ticket: "2100.00"');
  });

  it('without a list of deals is no report', () => {
    expect(refusal(Buffer.from('<html><table><tr><td>Orders</td></tr></table></html>'))).toMatch(
      /^1: the report has no list of deals/,
    );
  });
});

describe('a workbook', () => {
  const parts = xlsxParts();
  const SHEET = 'xl/worksheets/sheet1.xml';
  const sheet = parts[SHEET] ?? '';

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'with entities',
      { ...parts, [SHEET]: sheet.replace('<worksheet>', '<!DOCTYPE w [<!ENTITY a "b">]><worksheet>') },
      /document type or entities/,
    ],
    ['without a sheet', { 'xl/workbook.xml': '<workbook/>' }, /has no xl\/worksheets\/sheet1.xml/],
    ['with a part above it', { ...parts, '../x.xml': '' }, /named outside/],
    ['with an absolute part', { ...parts, '/etc/x.xml': '' }, /named outside/],
    [
      'with a sheet that does not end',
      { ...parts, [SHEET]: sheet.slice(0, -200) },
      /does not end its|is no worksheet/,
    ],
    [
      'with crossed elements',
      { ...parts, [SHEET]: sheet.replace('</c></row>', '</row></c>') },
      /does not end its c/,
    ],
    [
      'with a text that it lacks',
      { ...parts, 'xl/sharedStrings.xml': '<sst></sst>' },
      /a text that the workbook does not have/,
    ],
    ['with a cell anywhere', { ...parts, [SHEET]: sheet.replace('r="A4"', 'r="4"') }, /a cell has no column/],
    ['with another sheet', { ...parts, [SHEET]: '<chartsheet></chartsheet>' }, /is no worksheet/],
  ])('is refused %s', (_, made, why) => {
    expect(refusal(workbook(made))).toMatch(why);
  });

  it('holds entities of text alone, and nothing else of it is opened', () => {
    const rows = changed(1, 12, 'a & b <c>');
    expect(readStatement(mt5Xlsx(rows)).deals[1]?.comment).toBe('a & b <c>');
    const odd = { ...parts, 'xl/media/inner.zip': 'PK\u0003\u0004 not an archive' };
    expect(factsOf(workbook(odd))).toEqual(factsOf(mt5Xlsx()));
  });

  it('may claim a cell far to the right: it is not kept', () => {
    const far = sheet.replace('<row r="4">', '<row r="4"><c r="XFD4"><v>1</v></c>');
    expect(factsOf(workbook({ ...parts, [SHEET]: far }))).toEqual(factsOf(mt5Xlsx()));
  });
});

describe('a list of MT4 trades', () => {
  it('becomes two deals a trade and one for money, tickets made from its own', () => {
    const { kind, deals, marginMode } = readStatement(mt4Csv());
    expect([kind, marginMode]).toEqual(['mt4', 'hedging']);
    expect(deals.map((d) => [d.ticket, d.positionId, d.type, d.entry, d.price, d.profit])).toEqual([
      ['1000', '0', 'balance', null, '0', '1000'],
      ['1011', '101', 'buy', 'in', '2100', '0'],
      ['1021', '102', 'sell', 'in', '2100', '0'],
      ['1012', '101', 'sell', 'out', '2104', '40'],
      ['1022', '102', 'buy', 'out', '2103', '-30'],
      ['1030', '0', 'balance', null, '0', '-500'],
    ]);
    expect(deals[3]).toMatchObject({ commission: '-0.7', fee: '0', swap: '-0.1', volume: '0.1' });
    expect(deals[4]).toMatchObject({ commission: '0', fee: '-0.2' });
    expect(factsOf(mt4Csv([...MT4_TRADES].reverse()))).toEqual(factsOf(mt4Csv()));
    expect(factsOf(mt4Csv([...MT4_TRADES, MT4_TRADES[1] ?? '']))).toEqual(factsOf(mt4Csv()));
  });

  it('leaves out orders that never traded', () => {
    const pending = '104,2024-03-05T09:00:00,buy limit,0.10,XAUUSD,2000.0,,,2024-03-06T09:00:00,,,,,';
    expect(factsOf(mt4Csv([...MT4_TRADES, pending]))).toEqual(factsOf(mt4Csv()));
  });

  it.each<[string, string, string, RegExp]>([
    ['a number', '2104.00', '21O4.00', /^3: close_price is not a number/],
    ['a time', '09:00:00,buy', '9:00,buy', /^3: open_time is no time/],
    ['no close', '2024-03-04T10:00:00,2104.00', ',2104.00', /^3: close_time is no time: empty/],
    [
      'a close before its opening',
      '2024-03-04T10:00:00,2104',
      '2024-03-03T10:00:00,2104',
      /^3: it closes before/,
    ],
    ['a type', ',buy,', ',bought,', /^3: there is no type of trade "bought"/],
    ['a row that is too short', ',-0.1,40.0', ',40.0', /^3: it has 13 cells where the heading has 14/],
    ['a ticket that is another row’s', '102,2024', '101,2024', /^4: ticket 101 stands in line 3 too/],
    ['no symbol', '0.10,XAUUSD,2100.00,2090', '0.10,,2100.00,2090', /^3: symbol is empty/],
  ])('refuses what is wrong with %s, by the line', (_, from, to, why) => {
    const text = mt4Csv().toString();
    expect(text.split(from).length).toBeGreaterThan(1);
    expect(refusal(Buffer.from(text.replace(from, to)))).toMatch(why);
  });

  it('refuses a list without a column it needs', () => {
    for (const name of ['type', 'lots', 'symbol', 'close_time', 'profit', 'swap'])
      expect(refusal(mt4Csv(MT4_TRADES, MT4_HEADING.replace(name, 'other')))).toMatch(
        new RegExp(`^1: the heading names no .*${name}`),
      );
  });
});

describe('any file', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(), /^1: the file is empty/],
    ['of another kind', Buffer.from('name,age\nx,1\n'), /^1: the first line heads neither/],
    ['of no text', Buffer.from([0xc3, 0x28, 0xff, 0x41]), /^1: the file is neither UTF-8 nor UTF-16/],
    ['without an end', mt5Csv().subarray(0, -1), /^8: the last line is not ended/],
    [
      'with a quotation mark that is not ended',
      Buffer.from(mt5Csv().toString().replace('first', '"first')),
      /^3: a quotation mark/,
    ],
    [
      'with text after one',
      Buffer.from(mt5Csv().toString().replace('first', '"a"b')),
      /^3: text stands after a quotation/,
    ],
    ['of half an archive', mt5Xlsx().subarray(0, 900), /^1: the archive has no end/],
    ['that is too long', new Uint8Array(MAX_FILE_BYTES + 1), /^1: the file is over 32 MiB/],
  ])('is refused that is %s', (_, bytes, why) => {
    expect(refusal(bytes)).toMatch(why);
  });

  it('is refused from one row beyond the limit on', () => {
    const text = `${mt4Csv().toString()}${'a\n'.repeat(MAX_ROWS)}`;
    expect(refusal(Buffer.from(text))).toBe(`${MAX_ROWS + 1}: more than ${MAX_ROWS} rows`);
  });

  it('may quote its cells', () => {
    const deals = readStatement(mt5Csv(changed(1, 12, 'a, ""b""'))).deals;
    expect(deals[1]?.comment).toBe('a, "b"');
  });

  it('is put on UTC by the server’s zone, in its order also where the clock repeats or skips an hour', () => {
    const deals = readStatement(mt5Csv()).deals.slice(0, 4);
    const at = (...walls: number[]) =>
      walls.map((wallMs, i) => ({ ...deals[i], wallMs }) as (typeof deals)[0]);
    const clock = clockOf('Europe/Athens');
    const hours = (found: ReturnType<typeof inUtc>) =>
      found.map((d) => new Date(d.timeMs).toISOString().slice(5, 16));
    const spring = at(...['02:59', '03:30', '04:00'].map((t) => Date.parse(`2024-03-31T${t}:00Z`)));
    expect(hours(inUtc(spring, clock))).toEqual(['03-31T00:59', '03-31T01:00', '03-31T01:00']);
    const autumn = at(...['02:59', '03:30', '04:00'].map((t) => Date.parse(`2024-10-27T${t}:00Z`)));
    expect(hours(inUtc(autumn, clock))).toEqual(['10-26T23:59', '10-27T00:30', '10-27T02:00']);
  });
});

describe('the real statements', () => {
  it('give the same deals from the HTML original as from its CSV (skips without the data folder)', (t) => {
    const html = readStatement(sharedFile(t, 'data/mt5_tester_xauusd_2024.html'));
    expect(factsOf(sharedFile(t, 'data/mt5_tester_xauusd_2024_deals.csv'))).toEqual(
      html.deals.map(({ line: _, ...deal }) => deal),
    );
    expect(html.deals).toHaveLength(2003);
  });

  it.for([
    ['mt5_tester_xauusd_2024_deals.csv', 1001],
    ['mt5_tester_xauusd_m15_2026.xlsx', 1395],
  ] as const)('name with each exit the entry whose price explains its profit: %s', ([name, exits], t) => {
    const { deals } = readStatement(sharedFile(t, `data/${name}`));
    const entries = new Map(deals.filter((d) => d.entry === 'in').map((d) => [d.positionId, d]));
    const closing = deals.filter((d) => d.entry === 'out');
    expect(closing).toHaveLength(exits);
    for (const d of closing) {
      const entry = entries.get(d.positionId);
      const gone = (Number(d.price) - Number(entry?.price)) * (entry?.type === 'buy' ? 100 : -100);
      expect(gone * Number(d.volume), d.ticket).toBeCloseTo(Number(d.profit), 6);
    }
  });
});
