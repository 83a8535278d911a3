// Small statements as terminals write them, for tests that must run everywhere: one list of deals in each of its forms.
import { zipSync } from 'fflate';

export type Row = readonly string[];

/** Deposit, a long in two parts, a short closed by its stop, a withdrawal. Its balance column is right. */
export const DEALS: readonly Row[] = [
  [
    '2024.03.04 08:00:00',
    '1',
    '',
    'balance',
    '',
    '',
    '',
    '',
    '0.00',
    '0.00',
    '1 000.00',
    '1 000.00',
    'Deposit',
  ],
  [
    '2024.03.04 09:00:00',
    '2',
    'XAUUSD',
    'buy',
    'in',
    '0.10',
    '2100.00',
    '12',
    '-0.50',
    '0.00',
    '0.00',
    '999.50',
    'first',
  ],
  [
    '2024.03.04 09:00:01',
    '3',
    'XAUUSD',
    'sell',
    'in',
    '0.20',
    '2101.00',
    '13',
    '-1.00',
    '0.00',
    '0.00',
    '998.50',
    '',
  ],
  [
    '2024.03.04 10:00:00',
    '4',
    'XAUUSD',
    'sell',
    'out',
    '0.04',
    '2110.00',
    '14',
    '0.00',
    '0.00',
    '40.00',
    '1 038.50',
    '',
  ],
  [
    '2024.03.05 10:00:00',
    '5',
    'XAUUSD',
    'buy',
    'out',
    '0.20',
    '2106.00',
    '15',
    '0.00',
    '-0.30',
    '-100.00',
    '938.20',
    'sl 2105.90',
  ],
  [
    '2024.03.05 11:00:00',
    '6',
    'XAUUSD',
    'sell',
    'out',
    '0.06',
    '2120.00',
    '16',
    '0.00',
    '-0.20',
    '120.00',
    '1 058.00',
    '[tp 2120.00]',
  ],
  [
    '2024.03.06 08:00:00',
    '7',
    '',
    'balance',
    '',
    '',
    '',
    '',
    '0.00',
    '0.00',
    '-58.00',
    '1 000.00',
    'Withdrawal',
  ],
];
export const HEADING: Row = [
  ...['Time', 'Deal', 'Symbol', 'Type', 'Direction', 'Volume', 'Price', 'Order'],
  ...['Commission', 'Swap', 'Profit', 'Balance', 'Comment'],
];
const TOTALS: Row = ['', '', '', '', '', '', '', '', '-1.50', '-0.50', '60.00', '1 000.00', ''];

/** The same with a cell changed; rows and columns from 0. */
export const changed = (row: number, column: number, text: string, rows = DEALS): Row[] =>
  rows.map((cells, i) => (i === row ? cells.with(column, text) : cells));

export const mt5Csv = (rows: readonly Row[] = DEALS, heading: Row = HEADING): Buffer =>
  Buffer.from(
    [heading.map((name) => name.toLowerCase()), ...rows]
      .map((cells) => `${cells.map((cell) => (cell.includes(',') ? `"${cell}"` : cell)).join(',')}\n`)
      .join(''),
  );

const utf16 = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le');
const htmlRow = (cells: Row) =>
  `<tr align=right>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>\r\n`;

export const ACCOUNT_LINE = '500123 (USD, Broker-Demo, demo, Hedge)';

/** A report as HTML; the deals begin in line 8. */
export const mt5Html = (
  rows: readonly Row[] = DEALS,
  { account = ACCOUNT_LINE, totals = TOTALS }: { account?: string; totals?: Row | null } = {},
): Buffer =>
  utf16(
    [
      '<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">\r\n<html><body><table>\r\n',
      `<tr><th colspan="3">Account:</th><th colspan="10"><b>${account}</b></th></tr>\r\n`,
      '<tr><th colspan="13">Orders</th></tr>\r\n<tr><td>Open Time</td><td>Order</td></tr>\r\n',
      '<tr><th colspan="13"><div><b>Deals</b></div></th></tr>\r\n',
      htmlRow(HEADING.map((name) => `<b>${name}</b>`)),
      ...rows.map(htmlRow),
      totals === null ? '' : htmlRow(totals),
      '</table></body></html>\r\n',
    ].join(''),
  );

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const columnName = (i: number) => String.fromCharCode(65 + i);

/** The parts of a workbook; the deals begin in row 4. Numbers are numbers and texts are shared, as terminals do. */
export function xlsxParts(rows: readonly Row[] = DEALS, totals: Row | null = TOTALS): Record<string, string> {
  const strings: string[] = [];
  const cell = (text: string, i: number, line: number) => {
    const at = `${columnName(i)}${line}`;
    if (text === '') return `<c r="${at}" s="1"/>`;
    if (/^-?[\d ]+\.\d\d$/.test(text)) return `<c r="${at}"><v>${text.replaceAll(' ', '')}</v></c>`;
    if (!strings.includes(text)) strings.push(text);
    return `<c r="${at}" t="s"><v>${strings.indexOf(text)}</v></c>`;
  };
  const lines = [
    ['Account:', '', '', ACCOUNT_LINE],
    ['Deals'],
    HEADING,
    ...rows,
    ...(totals ? [totals] : []),
  ];
  const body = lines.map(
    (cells, i) => `<row r="${i + 1}">${cells.map((text, c) => cell(text, c, i + 1)).join('')}</row>\r\n`,
  );
  return {
    '[Content_Types].xml': '<?xml version="1.0"?><Types/>',
    'xl/workbook.xml': '<?xml version="1.0"?><workbook/>',
    'xl/worksheets/sheet1.xml': `<?xml version="1.0"?>\r\n<worksheet><dimension ref="A1:M9"/><sheetData>${body.join('')}</sheetData></worksheet>`,
    'xl/sharedStrings.xml': `<?xml version="1.0"?><sst>${strings.map((s) => `<si><t>${escaped(s)}</t></si>`).join('')}</sst>`,
  };
}

/** A workbook of such parts, in UTF-16 as terminals write them. */
export const workbook = (parts: Record<string, string>): Buffer =>
  Buffer.from(
    zipSync(
      Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, new Uint8Array(utf16(text))])),
    ),
  );

export const mt5Xlsx = (rows: readonly Row[] = DEALS, totals: Row | null = TOTALS): Buffer =>
  workbook(xlsxParts(rows, totals));

export const MT4_HEADING =
  'ticket,open_time,type,lots,symbol,open_price,sl,tp,close_time,close_price,commission,taxes,swap,profit';
export const MT4_TRADES: readonly string[] = [
  '100,2024-03-04T08:00:00,balance,,,,,,,,,,,1000.0',
  '101,2024-03-04T09:00:00,buy,0.10,XAUUSD,2100.00,2090.00,,2024-03-04T10:00:00,2104.00,-0.7,0.0,-0.1,40.0',
  '102,2024-03-04T09:00:00,sell,0.10,XAUUSD,2100.00,,,2024-03-04T10:00:00,2103.00,0.0,-0.2,0.0,-30.0',
  '103,2024-03-05T09:00:00,balance,,,,,,,,,,,-500.0',
];
export const mt4Csv = (rows: readonly string[] = MT4_TRADES, heading = MT4_HEADING): Buffer =>
  Buffer.from([heading, ...rows].map((row) => `${row}\n`).join(''));
