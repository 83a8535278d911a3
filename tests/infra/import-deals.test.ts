// `npm run import` from outside: on a stack of its own, then beside one that runs; what it prints, and what it refuses.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { apiClient, type Json } from '../../infra/local/api-client.ts';
import { type Stack, startStack } from '../../infra/local/stack.ts';
import { freePorts } from '../../infra/local/stack-secrets.ts';
import { sharedFile } from '../market/shared-history.ts';
import { changed, DEALS, mt4Csv, mt5Csv, mt5Html, mt5Xlsx } from './statements/statement-files.ts';

const SCRIPT = join(import.meta.dirname, '../../infra/import-deals.ts');
const START_MS = 180_000;

let folder: string;
let data: string;
let stack: Stack | undefined;
let first: Run;
type Run = { code: number; out: string[]; error: string; json: Json };

/** Runs the command on a file of this content. */
async function imported(name: string, content: Uint8Array, ...args: string[]): Promise<Run> {
  const file = join(folder, name);
  const json = join(folder, 'out.json');
  await rm(json, { force: true });
  await writeFile(file, content);
  const all = [SCRIPT, '--deals', file, '--json', json, '--data', data, ...args];
  const ended = await new Promise<{ code: number; out: string; error: string }>((resolve) => {
    execFile(process.execPath, all, (e, out, error) =>
      resolve({ code: e === null ? 0 : Number(e.code ?? 1), out, error }),
    );
  });
  const written = await readFile(json, 'utf8').catch(() => null);
  return {
    code: ended.code,
    out: ended.out.trimEnd().replace(file, 'FILE').split('\n'),
    error: ended.error.trimEnd().replaceAll(file, 'FILE'),
    json: written === null ? null : JSON.parse(written),
  };
}
const api = () => apiClient(stack?.dev.base_url ?? '', stack?.dev.tokens.user ?? '');
const accounts = async (): Promise<Json[]> => (await api().get('/api/v1/accounts?page_size=100')).items;
const named = async (name: string): Promise<Json> => (await accounts()).find((a) => a.name === name);
const FIGURES = {
  ...{ net: '58', gross_profit: '159.3', gross_loss: '-101.3', total_trades: 3, wins: 2, losses: 1 },
  ...{ deposits: '1000', withdrawals: '-58', start_balance: '1000' },
  ...{ balance_dd_maximal: '101.3', balance_dd_absolute: '61.5' },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-import-'));
  data = join(folder, 'data');
  first = await imported('history.csv', mt5Csv());
  const [port = 0] = await freePorts(1);
  stack = await startStack({ dataDir: data, port, ticker: false });
}, START_MS);
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
}, START_MS);

describe('the import of a statement', () => {
  it('starts a stack of its own where none runs, and what it stored is there afterwards', async () => {
    expect(first.error).toBe('no stack runs on this data: one is started for the import');
    expect(first.code).toBe(0);
    expect(first.out[0]).toBe('7 deals of FILE, 7 of them new, in the account history.csv');
    expect(first.json).toMatchObject({ ...FIGURES, deals: 7, stored: 7, currency: 'USD' });
    expect(await named('history.csv')).toMatchObject({ id: first.json.account_id, bridge_id: null });
  });

  it('prints the terminal’s figures as aligned lines', () => {
    const lines = first.out.slice(1);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    const shown = Object.fromEntries(lines.map((line) => line.split(/ +/)));
    expect(shown).toMatchObject({
      ...{ net: '58.00', gross_profit: '159.30', gross_loss: '-101.30', total_trades: '3', wins: '2' },
      ...{ profit_factor: '1.572557', balance_dd_maximal: '101.30' },
    });
    expect(Object.keys(shown)).toEqual(Object.keys(first.json).slice(0, lines.length));
  });

  it('changes nothing the second time, nor with its rows in another order, and says the same', async () => {
    const account = await named('history.csv');
    const trades = async () => (await api().get(`/api/v1/trades?account=${account.id}`)).items;
    const before = await trades();
    const { stored: _, ...figures } = first.json;
    for (const rows of [DEALS, [...DEALS].reverse()]) {
      const again = await imported('history.csv', mt5Csv(rows));
      expect([again.code, again.error]).toEqual([0, '']);
      expect(again.json).toEqual({ ...figures, stored: 0 });
      expect(again.out.slice(1)).toEqual(first.out.slice(1));
    }
    expect(await trades()).toEqual(before);
    expect(before).toHaveLength(2);
    expect((await named('history.csv')).snapshot_at).toBeNull();
  });

  it('goes on where a longer statement of the account goes on', async () => {
    const part = await imported('part.csv', mt5Csv(DEALS.slice(0, 4)), '--account', 'longer');
    expect(part.json).toMatchObject({ total_trades: 1, stored: 4 });
    const rest = await imported('whole.xlsx', mt5Xlsx(), '--account', 'longer', '--tz', 'NY+7');
    expect(rest.json).toMatchObject({ ...FIGURES, stored: 3 });
    const whole = await imported('whole.csv', mt5Csv(), '--account', 'longer');
    expect(whole.json).toMatchObject({ ...FIGURES, stored: 0 });
  });

  it('takes the account that a report names, and says the same of each of its forms', async () => {
    const html = await imported('report.html', mt5Html());
    expect(html.json).toMatchObject({ ...FIGURES, account: '500123', stored: 7 });
    const xlsx = await imported('report.xlsx', mt5Xlsx());
    expect(xlsx.json).toEqual({ ...html.json, stored: 0 });
    const other = await imported('report.html', mt5Html(), '--account', '500124');
    expect([other.code, other.error]).toEqual([
      1,
      'FILE: line 1: the statement is of the account 500123, not 500124',
    ]);
    // It is no login of a broker's, only a name: another account may have it for one.
    expect(await named('500123')).toMatchObject({ login: null, margin_mode: 'hedging' });
  });

  it('does not depend on the zone but for the times', async () => {
    const zones = ['NY+7', 'Europe/Athens', '-09:00'];
    const made = await Promise.all(
      zones.map((tz, i) => imported(`zone${i}.csv`, mt5Csv(), '--account', `zone ${i}`, `--tz=${tz}`)),
    );
    const figures = made.map(({ out }) => out.slice(1));
    expect(figures).toEqual([figures[0], figures[0], figures[0]]);
  });

  it('reads MT4 trades, money of an account in another currency, and writes what it was asked for', async () => {
    const mt4 = await imported('mt4.csv', mt4Csv(), '--currency', 'JPY');
    expect(mt4.json).toMatchObject({ net: '9', total_trades: 2, deposits: '1000', withdrawals: '-500' });
    expect(mt4.json).toMatchObject({ currency: 'JPY', deals: 6 });
    expect(mt4.out[1]).toMatch(/^net +9$/);
    const other = await imported('mt4.csv', mt4Csv(), '--currency', 'EUR');
    expect([other.code, other.error]).toEqual([1, 'the account mt4.csv is in JPY, the statement in EUR']);
  });

  it('stores nothing of a file in which anything is wrong, nor an account for it', async () => {
    const before = (await accounts()).length;
    const cut = await imported('bad.csv', mt5Csv().subarray(0, 300));
    expect([cut.code, cut.error, cut.out, cut.json]).toEqual([
      1,
      'FILE: line 4: the last line is not ended: the file seems to be cut off',
      [''],
      null,
    ]);
    const wrong = await imported('bad.html', mt5Html(changed(5, 10, '121.00')));
    expect(wrong.error).toMatch(/^FILE: line 13: the balance is 1058 where 938.2 and this deal leave 1059$/);
    expect((await accounts()).length).toBe(before);
  });

  it('stores nothing of a file that contradicts what is stored, and names the line', async () => {
    const account = await named('history.csv');
    const more = [
      ...DEALS,
      ['2024.03.07 08:00:00', '8', '', 'balance', '', '', '', '', '0.00', '0.00', '5.00', '1 005.00', ''],
    ];
    const other = await imported('history.csv', mt5Csv(changed(3, 12, 'another comment', more)));
    expect([other.code, other.error]).toEqual([
      1,
      'FILE: line 5: deal 4 stands in the account with other figures; nothing was stored',
    ]);
    const { statement } = await api().get(`/api/v1/performance?account=${account.id}`);
    expect(statement).toMatchObject(FIGURES);
  });

  it('refuses what it is asked wrongly, before it looks for a stack', async () => {
    const wrong: [string[], RegExp][] = [
      [['--deals', 'no-such-file.csv'], /^no-such-file.csv: no such file$/],
      [['--deals', '.'], /^\.: no such file$/],
      [['--deals', ''], /^usage: npm run import/],
      [['--dealz', 'x'], /Unknown option.*usage/s],
      [['--tz', 'Nowhere'], /^--tz must be/],
      [['--currency', 'usd'], /^--currency must be/],
      [['--margin-mode', 'both'], /^--margin-mode must be/],
      [['--account', '../x'], /^--account must be/],
    ];
    for (const [args, said] of wrong) {
      const run = await imported('any.csv', mt5Csv(), ...args);
      expect(run.error).toMatch(said);
      expect([run.code, run.json]).toEqual([1, null]);
    }
  });
});

describe('the real statements', () => {
  const shuffled = (file: Buffer): Buffer => {
    const [head = '', ...rows] = file.toString().trimEnd().split('\n');
    const order = rows.map((row, i) => ({ row, at: (i * 7919) % rows.length })).sort((a, b) => a.at - b.at);
    return Buffer.from([head, ...order.map(({ row }) => row), ''].join('\n'));
  };
  const TESTER_2024 = {
    ...{ net: '-499.25', gross_profit: '2554', gross_loss: '-3053.25', total_trades: 1001, wins: 610 },
    ...{ balance_dd_maximal: '661.03', start_balance: '3000' },
  };
  const STATED: [string, Record<string, unknown>, number[]][] = [
    [
      'mt4_statement_2026_trades.csv',
      {
        ...{
          net: '172705.68',
          gross_profit: '252351.1',
          gross_loss: '-79645.42',
          total_trades: 422,
          wins: 360,
        },
        ...{ balance_dd_maximal: '8832', balance_dd_relative_money: '6277', balance_dd_absolute: '0' },
        ...{ start_balance: '10000', withdrawals: '-120000' },
      },
      [3.17, 5.15, 21.03],
    ],
    ['mt5_tester_xauusd_2024_deals.csv', TESTER_2024, [0.84, 20.91, 20.91]],
    ['mt5_tester_xauusd_2024.html', TESTER_2024, [0.84, 20.91, 20.91]],
    [
      'mt5_tester_xauusd_m15_2026.xlsx',
      {
        ...{
          net: '207457.32',
          gross_profit: '457781.32',
          gross_loss: '-250324',
          total_trades: 1395,
          wins: 1244,
        },
        ...{ balance_dd_maximal: '42965', balance_dd_relative_money: '25601', balance_dd_absolute: '0' },
      },
      [1.83, 37.19, 50.35],
    ],
  ];
  const ratios = (figures: Json) =>
    ['profit_factor', 'balance_dd_maximal_percent', 'balance_dd_relative_percent'].map(
      (name) => Math.round(figures[name] * 100) / 100,
    );
  const read = (t: TestContext, name: string) => sharedFile(t, `data/${name}`);

  it.for(STATED)(
    'give the terminal’s own figures, through the API too, also again and shuffled (skips without the data folder): %s',
    { timeout: START_MS },
    async ([name, stated, shares], t) => {
      const file = read(t, name);
      const once = await imported(name, file);
      expect([once.code, once.error]).toEqual([0, '']);
      expect(once.json).toMatchObject(stated);
      expect(ratios(once.json)).toEqual(shares);
      const { statement } = await api().get(
        `/api/v1/performance?account=${once.json.account_id}&period=monthly`,
      );
      expect(once.json).toMatchObject(statement);
      // The picture of its equity states the same drawdown.
      const { alt } = await api().post('/api/v1/charts', {
        ...{ kind: 'equity', source: { account_id: once.json.account_id } },
      });
      const fallen = Number(once.json.balance_dd_maximal).toLocaleString('en-US', {
        minimumFractionDigits: 2,
      });
      expect(alt).toContain(`max drawdown ${fallen} (${shares[1]}%)`);
      const again = await imported(name, name.endsWith('.csv') ? shuffled(file) : file);
      expect(again.json).toEqual({ ...once.json, stored: 0 });
    },
  );
});
