// The real statements of the shared folder, read in place as the terminals wrote them: what was realised, and cash flows.
import { unzipSync } from 'fflate';
import type { TestContext } from 'vitest';
import type { RealisedLeg } from '../../functions/ledger/realised-leg.ts';
import type { Flow } from '../../functions/ledger/statement-figures.ts';
import { sum } from '../../functions/platform/decimal.ts';
import { sharedFile } from '../market/shared-history.ts';

export type Statement = { legs: RealisedLeg[]; flows: Flow[] };

const timeOf = (text: string): number => Date.parse(`${text.replaceAll('.', '-').replace(' ', 'T')}Z`);
const money = (...parts: (string | undefined)[]): string =>
  sum(parts.map((part) => (part === undefined || part === '' ? '0' : String(Number(part)))));

function csvRows(text: string): Record<string, string>[] {
  const [head = '', ...lines] = text.trim().split(/\r?\n/);
  const names = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i] ?? '', cell])));
}

/** The MT4 statement of 2026: a row is a trade, or a deposit or withdrawal. */
export function mt4Statement(t: TestContext): Statement {
  const rows = csvRows(sharedFile(t, 'data/mt4_statement_2026_trades.csv').toString('utf8'));
  return {
    legs: rows
      .filter((row) => row['type'] !== 'balance')
      .map((row) => ({
        dealTicket: row['ticket'] ?? '',
        net: money(row['profit'], row['swap'], row['commission'], row['taxes']),
        r: null,
        openedMs: timeOf(row['open_time'] ?? ''),
        closedMs: timeOf(row['close_time'] ?? ''),
      })),
    flows: rows
      .filter((row) => row['type'] === 'balance')
      .map((row) => ({
        ticket: row['ticket'] ?? '',
        timeMs: timeOf(row['open_time'] ?? ''),
        amount: money(row['profit']),
      })),
  };
}

type DealRow = { time: string; deal: string; type: string; direction: string; net: string };

/** Of a list of deals: an exit is a trade. Its opening stands in another row, so the time of the close stands for both. */
const dealStatement = (rows: readonly DealRow[]): Statement => ({
  legs: rows
    .filter((row) => row.direction === 'out')
    .map((row) => {
      const at = timeOf(row.time);
      return { dealTicket: row.deal, net: row.net, r: null, openedMs: at, closedMs: at };
    }),
  flows: rows
    .filter((row) => row.type === 'balance')
    .map((row) => ({ ticket: row.deal, timeMs: timeOf(row.time), amount: row.net })),
});

/** The tester's report of 2024, its deals as CSV. */
export const tester2024 = (t: TestContext): Statement =>
  dealStatement(
    csvRows(sharedFile(t, 'data/mt5_tester_xauusd_2024_deals.csv').toString('utf8')).map((row) => ({
      time: row['time'] ?? '',
      deal: row['deal'] ?? '',
      type: row['type'] ?? '',
      direction: row['direction'] ?? '',
      net: money(row['profit'], row['swap'], row['commission']),
    })),
  );

/** The tester's report of 2026, from the workbook as the terminal wrote it. */
export function tester2026(t: TestContext): Statement {
  const parts = unzipSync(sharedFile(t, 'data/mt5_tester_xauusd_m15_2026.xlsx'));
  const text = (name: string): string => new TextDecoder('utf-16le').decode(parts[name]);
  const strings = [...text('xl/sharedStrings.xml').matchAll(/<si>.*?<\/si>/gs)].map(([item]) =>
    item.replaceAll(/<[^>]*>/g, ''),
  );
  const rows = [...text('xl/worksheets/sheet1.xml').matchAll(/<row[^>]*>(.*?)<\/row>/gs)].map(
    ([, row = '']) =>
      Object.fromEntries(
        [...row.matchAll(/<c r="([A-Z]+)\d+"([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)].map(
          ([, column, kind = '', cell = '']) => {
            const value = /<v>([^<]*)<\/v>/.exec(cell)?.[1] ?? '';
            return [column, kind.includes('t="s"') ? (strings[Number(value)] ?? '') : value];
          },
        ),
      ),
  );
  const deals = rows.slice(rows.findIndex((row) => row['A'] === 'Deals') + 2);
  return dealStatement(
    deals.map((row) => ({
      time: row['A'] ?? '',
      deal: row['B'] ?? '',
      type: row['D'] ?? '',
      direction: row['E'] ?? '',
      net: money(row['I'], row['J'], row['K']),
    })),
  );
}
