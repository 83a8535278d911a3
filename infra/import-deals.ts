/**
 * `npm run import -- --deals FILE [--account LOGIN] [--json OUT]`: reads a terminal's statement (an MT5 list of deals as CSV,
 * HTML or XLSX, or an MT4 list of trades as CSV) into an account without a bridge in the embedded stack, and prints what the
 * books then say in the terminal's own terms. The same file again changes nothing. Without a stack that runs on the data
 * folder it starts one of its own, and ends it. Nothing is stored of a file in which anything is wrong.
 */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { currencyPlaces } from '../functions/ledger/currency-places.ts';
import { type ServerClock, serverClock } from '../functions/market/server-clock.ts';
import { type Stack, startStack } from './local/stack.ts';
import { freePorts } from './local/stack-secrets.ts';
import {
  type Figures,
  HistoryImport,
  type ImportAccount,
  ImportConflict,
} from './statements/history-import.ts';
import { inUtc, MAX_FILE_BYTES, readStatement, type Statement } from './statements/read-statement.ts';
import type { MarginMode } from './statements/statement-deal.ts';
import { StatementFault } from './statements/statement-table.ts';

const USAGE =
  'usage: npm run import -- --deals FILE [--account LOGIN] [--json OUT] [--tz NY+7] [--currency USD] [--margin-mode hedging|netting] [--data DIR]';
/** Statements name no zone. MT5 servers mostly keep New York's dates, the MT4 ones Europe's; no figure depends on it. */
const ZONES = { mt5: 'NY+7', mt4: 'Europe/Athens' } as const;
const OTHER_CURRENCY = 'USD';
const MAX_NAME = 100;

/** What the caller can mend; anything else is a fault of ours and keeps its stack. */
class Refused extends Error {}

type Asked = {
  file: string;
  account: string | null;
  json: string | null;
  tz: string | null;
  currency: string | null;
  mode: MarginMode | null;
  dataDir: string;
};

function asked(): Asked {
  try {
    const { values } = parseArgs({
      options: {
        ...{ deals: { type: 'string' }, account: { type: 'string' }, json: { type: 'string' } },
        ...{ tz: { type: 'string' }, currency: { type: 'string' }, 'margin-mode': { type: 'string' } },
        data: { type: 'string', default: '.countersign' },
      },
    });
    const { deals, account = null, json = null, tz = null, currency = null, data } = values;
    const mode = values['margin-mode'] ?? null;
    if (deals === undefined || deals === '') throw new Refused(USAGE);
    if (account !== null && !/^[\w][\w .@-]{0,99}$/.test(account))
      throw new Refused('--account must be a login or a name of up to 100 letters and digits');
    if (tz !== null && serverClock(tz) === null)
      throw new Refused('--tz must be NY+7, an IANA time zone or an offset such as +02:00');
    if (currency !== null && !/^[A-Z]{3,12}$/.test(currency))
      throw new Refused('--currency must be as USD is');
    if (mode !== null && mode !== 'hedging' && mode !== 'netting')
      throw new Refused('--margin-mode must be hedging or netting');
    return { file: deals, account, json, tz, currency, mode, dataDir: resolve(data) };
  } catch (e) {
    throw e instanceof Refused ? e : new Refused(`${e instanceof Error ? e.message : e}; ${USAGE}`);
  }
}

/** Reads the file; what is wrong with it is told with its line. */
async function read(file: string, mode: MarginMode | null): Promise<Statement> {
  const about = await stat(file).catch(() => null);
  if (!about?.isFile()) throw new Refused(`${file}: no such file`);
  if (about.size > MAX_FILE_BYTES)
    throw new Refused(`${file}: line 1: the file is over ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
  const bytes = await readFile(file);
  try {
    return readStatement(bytes, mode);
  } catch (e) {
    if (e instanceof StatementFault) throw new Refused(`${file}: line ${e.line}: ${e.message}`);
    throw e;
  }
}

const devFile = z.object({ base_url: z.string(), tokens: z.object({ user: z.string() }) });

/** The stack that runs on this data; null: none does. */
async function running(dataDir: string): Promise<HistoryImport | null> {
  const text = await readFile(join(dataDir, 'dev.json'), 'utf8').catch(() => null);
  const parsed = text === null ? null : devFile.safeParse(parsedJson(text));
  if (!parsed?.success) return null;
  const found = new HistoryImport(parsed.data.base_url, parsed.data.tokens.user);
  return (await found.isAnswered()) ? found : null;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Runs `work` on the stack of this data, or on one of its own. */
async function onStack<T>(dataDir: string, work: (to: HistoryImport) => Promise<T>): Promise<T> {
  const found = await running(dataDir);
  if (found !== null) return work(found);
  const giveUp = new AbortController();
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => {
        giveUp.abort();
        reject(new Refused(`ended by ${signal}; the same command completes what is missing`));
      });
  });
  let stack: Stack | undefined;
  const started = async () => {
    const [port = 0] = await freePorts(1);
    console.error('no stack runs on this data: one is started for the import');
    stack = await startStack({ dataDir, port, signal: giveUp.signal });
    return work(new HistoryImport(stack.dev.base_url, stack.dev.tokens.user));
  };
  try {
    return await Promise.race([started(), interrupted]);
  } finally {
    await stack?.stop();
  }
}

type Done = { account: ImportAccount; statement: Statement; stored: number; figures: Figures };

async function importInto(to: HistoryImport, of: Asked, name: string, first: Statement): Promise<Done> {
  const found = await to.account(name);
  const currency = of.currency ?? first.currency;
  if (found !== null && currency !== null && found.currency !== currency)
    throw new Refused(`the account ${name} is in ${found.currency}, the statement in ${currency}`);
  if (found !== null && of.mode !== null && found.marginMode !== of.mode)
    throw new Refused(`the account ${name} is ${found.marginMode}, not ${of.mode}`);
  // An account keeps its positions as they were first told apart.
  const statement =
    found === null || found.marginMode === first.marginMode ? first : await read(of.file, found.marginMode);
  const clock = clockOf(of.tz ?? ZONES[statement.kind]);
  const deals = inUtc(statement.deals, clock);
  const account =
    found ??
    (await to.addAccount(name, {
      marginMode: statement.marginMode,
      currency: currency ?? OTHER_CURRENCY,
    }));
  try {
    const stored = await to.send(account, deals);
    return { account, statement, stored, figures: await to.figures(account) };
  } catch (e) {
    if (!(e instanceof ImportConflict)) throw e;
    const { line } = statement.deals.find((d) => d.ticket === e.ticket) ?? { line: 1 };
    throw new Refused(`${of.file}: line ${line}: ${e.message}; nothing was stored`);
  }
}

function clockOf(zone: string): ServerClock {
  const clock = serverClock(zone);
  if (clock === null) throw new Refused(`${zone} is no time zone`);
  return clock;
}

/** Aligned lines; money as the account's currency is written. */
function lines(figures: Figures, places: number): string[] {
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  const shown = (name: string, value: string | number | null): string => {
    if (value === null) return '-';
    if (typeof value === 'string') return Number(value).toFixed(places);
    return Number.isInteger(value) ? String(value) : value.toFixed(name.endsWith('percent') ? 2 : 6);
  };
  const texts = Object.entries(figures).map(([name, value]) => [name, shown(name, value)] as const);
  const right = Math.max(...texts.map(([, text]) => text.length));
  return texts.map(([name, text]) => `${name.padEnd(width)}  ${text.padStart(right)}`);
}

async function main(): Promise<void> {
  const of = asked();
  const first = await read(of.file, of.mode);
  const name = of.account ?? first.login ?? basename(of.file).slice(0, MAX_NAME);
  if (of.account !== null && first.login !== null && /^\d+$/.test(of.account) && of.account !== first.login)
    throw new Refused(
      `${of.file}: line 1: the statement is of the account ${first.login}, not ${of.account}`,
    );
  const { account, statement, stored, figures } = await onStack(of.dataDir, (to) =>
    importInto(to, of, name, first),
  );
  const count = statement.deals.length;
  console.log(`${count} deals of ${of.file}, ${stored} of them new, in the account ${name}`);
  for (const line of lines(figures, currencyPlaces(account.currency))) console.log(line);
  if (of.json === null) return;
  const report = { ...figures, account_id: account.id, account: name, currency: account.currency };
  await writeFile(of.json, `${JSON.stringify({ ...report, deals: count, stored }, null, 2)}\n`);
}

main().then(
  () => process.exit(0),
  (e) => {
    console.error(e instanceof Refused ? e.message : `failed: ${e instanceof Error ? e.message : e}`);
    process.exit(1);
  },
);
