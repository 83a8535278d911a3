// The house rules that a machine can check. A rule that the code must break for a good reason is named here, with the
// reason beside it, so that an exception is a decision and never an accident.
import { describe, expect, it } from 'vitest';
import { filesBelow, pythonBelow, readPython, readSource, type SourceFile } from './support/source-tree.ts';

const DOORS = ['worker.ts', 'lambda.ts', 'app.ts', 'deps.ts', 'jobs.ts'];

/**
 * Which rooms a room may know, types included. A room stands below all that it knows, so the arrows run one way;
 * the doors know every room and no room knows a door.
 */
const ARROWS: Record<string, readonly string[]> = {
  platform: [],
  identity: ['platform'],
  signals: ['platform', 'identity'],
  bridge: ['platform', 'identity'],
  market: ['platform', 'identity', 'bridge'],
  ledger: ['platform', 'identity'],
  execution: ['platform', 'identity', 'signals', 'bridge', 'market'],
  risk: ['platform', 'identity', 'bridge', 'market', 'ledger', 'execution'],
  approvals: ['platform', 'identity', 'signals', 'execution'],
  reconciliation: ['platform', 'identity', 'signals', 'bridge', 'market', 'execution', 'ledger', 'risk'],
  notify: ['platform', 'identity', 'signals'],
  charts: ['platform', 'identity', 'market', 'ledger'],
};

/** Verbs that an endpoint or a job begins with; every other name in a room is a noun and so a rule. */
const VERBS =
  /^(get|list|post|patch|put|delete|cancel|rotate|revoke|rewrap|seal|seed|halt|resume|release|dismiss|expire|prune|raise|watch|execute|fan-out|fetch|draw|rebuild|resolve|send|take|hand-out|reconcile-accounts?)(-|$)/;
/** Files in a room that are neither verb, store, client nor rule, each for a reason. */
const NEITHER: Record<string, string> = {
  'functions/identity/caller.ts':
    'middleware of every route with a caller: it asks the store who holds a token',
  'functions/bridge/bridge-proof.ts': 'the guard of the poll lane: it asks for keys and spends the nonce',
  'functions/identity/producer-keys.ts': 'a cache over the producer store',
  'functions/signals/producer-proof.ts':
    'the guard of every signed lane: it asks for keys and charges the limiter',
  'functions/identity/producer-hooks.ts': 'a cache over the hook store',
  'functions/identity/party-verbs.ts': 'rotate and revoke, the same two endpoints for producers and bridges',
  'functions/identity/producer-settings.ts':
    'the schema that two endpoints share, and the guard that asks the store',
  'functions/identity/signing-party.ts':
    'names the tables of both kinds for their store, in fragments of SQL',
  'functions/execution/account-access.ts': 'the guard that every account route shares: it reads the account',
  'functions/reconciliation/divergence-access.ts':
    'the guard that every route of one divergence shares: it reads the divergence',
  'functions/market/calendar-change.ts':
    'makes and stores the next version of a calendar, for three endpoints: it asks the store',
  'functions/signals/ingest-metrics.ts': 'counts what a lane answers, for all lanes alike',
  'functions/charts/rasterizer.ts': 'holds the one WebAssembly instance of a process',
};
/** What a rule may use of the platform at run time: arithmetic, encodings, digests and the joining of bytes. */
const PURE_PLATFORM = [
  'clock',
  'decimal',
  'digest',
  'encoding',
  'file-text',
  'ids',
  'metric-family',
  'native-request',
  'native-signature',
  'problem',
  'read-body',
  'strict-json',
  'time-zone',
].map((name) => `functions/platform/${name}.ts`);
const PURE_PACKAGES = new Set([
  'zod',
  '@hono/zod-openapi',
  'canonicalize',
  'big.js',
  'fflate',
  // The zlib that CompressionStream runs, at a level of our choice and without a turn of the event loop.
  'node:zlib',
  'trading-signals',
]);

const functions = filesBelow('functions').map(readSource);
const inRooms = functions.filter((f) => f.path.split('/').length === 3);
const roomOf = (path: string): string => path.split('/')[1] ?? '';
const nameOf = (path: string): string => path.split('/').at(-1) ?? '';

function kindOf(path: string): 'platform' | 'store' | 'verb' | 'present' | 'neither' | 'rule' {
  const name = nameOf(path).replace(/\.ts$/, '');
  if (roomOf(path) === 'platform') return 'platform';
  if (/-(store|client)$/.test(name)) return 'store';
  if (name.startsWith('present-')) return 'present';
  if (path in NEITHER) return 'neither';
  return VERBS.test(name) ? 'verb' : 'rule';
}
const rules = functions.filter((f) => f.path.split('/').length === 3 && kindOf(f.path) === 'rule');

const offenders = (files: readonly SourceFile[], pattern: RegExp): string[] =>
  files.filter((f) => pattern.test(f.code)).map((f) => f.path);

describe('rooms', () => {
  const arrows = inRooms.flatMap((f) =>
    f.allImports
      .filter((to) => to.startsWith('functions/') && to.split('/').length === 3)
      .map((to) => ({ file: f.path, from: roomOf(f.path), to: roomOf(to) }))
      .filter((a) => a.from !== a.to),
  );

  it('know only the rooms that the table allows, types included', () => {
    expect(arrows.length).toBeGreaterThan(100);
    expect(arrows.filter((a) => !ARROWS[a.from]?.includes(a.to))).toEqual([]);
  });

  it('are exactly those of the table', () => {
    expect([...new Set(inRooms.map((f) => roomOf(f.path)))].sort()).toEqual(Object.keys(ARROWS).sort());
  });

  it('are given no arrow that nothing needs', () => {
    const used = new Set(arrows.map((a) => `${a.from} -> ${a.to}`));
    const allowed = Object.entries(ARROWS).flatMap(([from, tos]) => tos.map((to) => `${from} -> ${to}`));
    expect(allowed.filter((arrow) => !used.has(arrow))).toEqual([]);
  });

  it('stand in an order in which each knows only those above it: no cycle', () => {
    const order = Object.keys(ARROWS);
    const upward = order.flatMap((from, i) =>
      (ARROWS[from] ?? []).filter((to) => order.indexOf(to) >= i).map((to) => `${from} -> ${to}`),
    );
    expect(upward).toEqual([]);
  });

  it('know no door, and no file but the doors stands outside a room', () => {
    const doors = DOORS.map((d) => `functions/${d}`);
    expect(inRooms.filter((f) => f.allImports.some((to) => doors.includes(to))).map((f) => f.path)).toEqual(
      [],
    );
    const outside = functions.filter((f) => !inRooms.includes(f)).map((f) => nameOf(f.path));
    expect(outside.sort()).toEqual([...DOORS, 'wasm.d.ts'].sort());
  });

  it('import no file in a circle at run time', () => {
    const graph = new Map(functions.map((f) => [f.path, f.imports]));
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
      if (done.has(path) || trail.includes(path)) return;
      for (const to of graph.get(path) ?? []) walk(to, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) walk(path, []);
    expect(circles).toEqual([]);
  });

  it('reach nothing outside functions/ but packages', () => {
    const relative = functions.flatMap((f) =>
      f.allImports.filter((to) => /^(infra|tests|drizzle)\//.test(to)).map((to) => `${f.path} -> ${to}`),
    );
    expect(relative).toEqual([]);
  });

  it('have tests, every one of them', () => {
    const tested = new Set(
      filesBelow('tests')
        .filter((p) => p.endsWith('.test.ts'))
        .map(roomOf),
    );
    expect(Object.keys(ARROWS).filter((room) => !tested.has(room))).toEqual([]);
  });
});

describe('rule files', () => {
  it('are told from endpoints, jobs, stores and clients by their names', () => {
    const kinds = new Set(inRooms.map((f) => kindOf(f.path)));
    expect([...kinds].sort()).toEqual(['neither', 'platform', 'present', 'rule', 'store', 'verb']);
    expect(Object.keys(NEITHER).filter((path) => !functions.some((f) => f.path === path))).toEqual([]);
    expect(rules.map((f) => nameOf(f.path))).toContain('reconcile.ts');
    expect(rules.map((f) => nameOf(f.path))).not.toContain('reconcile-account.ts');
    expect(rules.length).toBeGreaterThan(40);
  });

  it('have no clock, randomness, network, log or environment', () => {
    const forbidden =
      /\bDate\.now\b|\bnew Date\b|\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b|\bfetch\(|\bconsole\.|\bprocess\b|\bsetTimeout\b|\bsystemClock\b|\bcreateIds\b/;
    expect(offenders(rules, forbidden)).toEqual([]);
  });

  it('run nothing but rules, pure parts of the platform and pure packages', () => {
    // A type of a store may be named: it is erased, and it is the shape of what the rule judges.
    const allowed = (to: string): boolean =>
      to.startsWith('functions/')
        ? PURE_PLATFORM.includes(to) || rules.some((r) => r.path === to) || to.endsWith('.json')
        : PURE_PACKAGES.has(to);
    const found = rules.flatMap((f) =>
      f.imports.filter((to) => !allowed(to)).map((to) => `${f.path} -> ${to}`),
    );
    expect(found).toEqual([]);
  });
});

describe('what may be reached, and from where', () => {
  it('the network: given addresses by the two transports alone, configured services in four files', () => {
    const calls = functions
      .filter((f) => /\bfetch\(/.test(f.code.replaceAll(/\bapp\.fetch\(|\basync fetch\(/g, '')))
      .map((f) => f.path);
    expect(calls).toEqual([
      'functions/lambda.ts', // the parameter store, through AwsClient
      'functions/platform/database.ts', // Neon's endpoint, from the connection string
      'functions/platform/fetch-transport.ts', // on Workers: addresses that somebody gave us, judged by outbound.ts
      'functions/platform/object-store.ts', // S3, through AwsClient
      'functions/platform/work-queue.ts', // SQS, through AwsClient
    ]);
    const bare = offenders(functions, /(?<![.\w])fetch\((?!request,)/);
    expect(bare).toEqual(['functions/platform/database.ts', 'functions/platform/fetch-transport.ts']);
    const aws = functions.filter((f) => f.imports.includes('aws4fetch')).map((f) => f.path);
    expect(aws).toEqual([
      'functions/lambda.ts',
      'functions/platform/object-store.ts',
      'functions/platform/work-queue.ts',
    ]);
  });

  it('SQL: stores and the platform, and where a job is nothing but its one statement', () => {
    const speakers = inRooms
      .filter((f) => f.imports.some((to) => to.startsWith('drizzle-orm')))
      .map((f) => f.path)
      .filter((path) => !['store', 'platform'].includes(kindOf(path)));
    expect(speakers).toEqual([
      'functions/identity/signing-party.ts', // table and column names for its store
      'functions/signals/expire-signals.ts',
      'functions/signals/fan-out-signals.ts',
    ]);
  });

  it('no other way to the network is loaded, but on Lambda', () => {
    const ways = /^(node:(http|https|http2|net|tls|dgram|dns)|cloudflare:sockets|undici|axios|ws)(\/|$)/;
    expect(functions.filter((f) => f.imports.some((to) => ways.test(to))).map((f) => f.path)).toEqual([
      'functions/platform/node-transport.ts', // on Lambda: the look-up hook needs Node's own client
    ]);
    const loaders = functions.filter((f) => f.imports.includes('functions/platform/node-transport.ts'));
    expect(loaders.map((f) => f.path)).toEqual(['functions/lambda.ts']);
  });

  it('the spelling of an array of PostgreSQL: platform/sql-array.ts alone', () => {
    expect(offenders(functions, /\}::[\w${}.()]+\[\]/)).toEqual(['functions/platform/sql-array.ts']);
  });

  it('the clock: platform/clock.ts alone', () => {
    expect(
      offenders(functions, /\bDate\.now\b|\bnew Date\(\s*\)|\bnew Date\b(?!\()|(?<![-/])\bperformance\b/),
    ).toEqual(['functions/platform/clock.ts']);
  });

  it('randomness: platform/ids.ts alone', () => {
    expect(
      offenders(functions, /\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b|\brandomBytes:/),
    ).toEqual(['functions/platform/ids.ts']);
  });

  it('the environment: the AWS door alone', () => {
    expect(offenders(functions, /\bprocess\.|\bimport\.meta\.env\b|\bprocess\[/)).toEqual([
      'functions/lambda.ts',
    ]);
    expect(functions.filter((f) => f.imports.includes('node:process')).map((f) => f.path)).toEqual([]);
  });

  it('the console: platform/log.ts alone', () => {
    expect(offenders(functions, /\bconsole\b(?!['"])/)).toEqual(['functions/platform/log.ts']);
  });

  it('the runtime clock and random ids are taken by doors alone', () => {
    const users = offenders(functions, /\bsystemClock\b|\bcreateIds\b/).filter(
      (path) => !['functions/platform/clock.ts', 'functions/platform/ids.ts'].includes(path),
    );
    expect(users).toEqual(['functions/deps.ts', 'functions/lambda.ts', 'functions/worker.ts']);
  });
});

describe('the embedded stack', () => {
  it('imports nothing from functions/, so that nothing is checked against itself', () => {
    const local = filesBelow('infra/local').map(readSource);
    expect(local.length).toBeGreaterThan(30);
    expect(
      local.filter((f) => f.allImports.some((to) => to.startsWith('functions/'))).map((f) => f.path),
    ).toEqual([]);
  });
});

describe('the bridge for a real terminal', () => {
  const own = pythonBelow('infra/mt5').map(readPython);
  const python = [...own, ...pythonBelow('tests/infra/mt5').map(readPython)];
  const users = (module: RegExp): string[] =>
    own.filter((f) => f.imports.some((i) => module.test(i))).map((f) => nameOf(f.path));
  const STANDARD = new Set([
    ...['__future__', 'argparse', 'base64', 'binascii', 'calendar', 'collections', 'ctypes', 'dataclasses'],
    ...[
      'datetime',
      'decimal',
      'fcntl',
      'functools',
      'hashlib',
      'hmac',
      'http',
      'importlib',
      'json',
      'logging',
    ],
    ...['math', 'msvcrt', 'os', 'pathlib', 're', 'secrets', 'signal', 'socket', 'socketserver', 'ssl', 'sys'],
    ...['threading', 'time', 'typing', 'urllib', 'uuid', 'zoneinfo'],
  ]);

  it('is built from the standard library and one package, which one file calls', () => {
    expect(own.length).toBeGreaterThan(25);
    const foreign = own.flatMap((f) =>
      f.imports.filter((i) => !i.startsWith('.') && !STANDARD.has(i.split('.')[0] ?? '')),
    );
    expect(foreign).toEqual([]);
    expect(own.filter((f) => f.text.includes('import_module(')).map((f) => nameOf(f.path))).toEqual([
      'terminal.py',
    ]);
  });

  it('has its transports in a file each, and one file that asks the machine for the time', () => {
    expect(users(/^(http\.server|socketserver|socket)$/)).toEqual(['webhook_transport.py']);
    expect(users(/^(http\.client|ssl|urllib\.request)$/)).toEqual(['poll_transport.py']);
    expect(users(/^time$/)).toEqual(['clock.py']);
    const carriers = ['.webhook_transport', '.poll_transport', '.request_proof'];
    const knows = own.filter((f) => f.imports.some((i) => carriers.includes(i))).map((f) => nameOf(f.path));
    expect(knows).toEqual(['__main__.py', 'webhook_transport.py']);
  });

  it('reads as the rest does: no file over 400 lines, each named by what it holds, nothing left for later', () => {
    expect(python.filter((f) => f.text.split('\n').length > 401).map((f) => f.path)).toEqual([]);
    const snake = /^(__main__|__init__|MetaTrader5|[a-z0-9]+(_[a-z0-9]+)*)\.py$/;
    const banned = /^(utils?|helpers?|types?|services?|common|misc|shared|lib)\.py$/;
    expect(python.filter((f) => !snake.test(nameOf(f.path)) || banned.test(nameOf(f.path)))).toEqual([]);
    const later = new RegExp(`\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')})\\b`);
    expect(python.filter((f) => later.test(f.text)).map((f) => f.path)).toEqual([]);
  });
});

describe('how files read', () => {
  const all = ['functions', 'infra', 'tests', 'drizzle/schema'].flatMap(filesBelow).map(readSource);
  const lines = (text: string): number => text.split('\n').length - 1;

  it('none is over 400 lines', () => {
    expect(all.length).toBeGreaterThan(200);
    expect(all.filter((f) => lines(f.text) > 400).map((f) => `${f.path}: ${lines(f.text)}`)).toEqual([]);
  });

  it('each is named in kebab-case by what it holds, never by a word for anything', () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.ts$/;
    const banned = /^(utils?|helpers?|types?|services?|index|common|misc|shared|lib)(\.test|\.d)?\.ts$/;
    const names = all.map((f) => f.path).filter((p) => !kebab.test(nameOf(p)) || banned.test(nameOf(p)));
    expect(names).toEqual([]);
  });

  it('every exported function in functions/ says what it is for, right above it', () => {
    const exported =
      /^export (?:async )?function\b|^export const \w+(?:: [^=\n]+)? = (?:async )?(?:<[^\n]*>)?\([^\n]*$/;
    const bare = functions.flatMap((f) => {
      const rows = f.text.split('\n');
      return rows.flatMap((row, i) =>
        exported.test(row) && isFunction(rows, i) && !/\*\/\s*$/.test(rows[i - 1] ?? '')
          ? [`${f.path}:${i + 1} ${row}`]
          : [],
      );
    });
    expect(bare).toEqual([]);
  });

  it('nothing is left for later or switched off', () => {
    const later = new RegExp(`\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')})\\b`);
    expect(all.filter((f) => later.test(f.text)).map((f) => f.path)).toEqual([]);
    const off = /\b(?:it|describe|test)\.(?:skip|todo|only|fails)\(/;
    expect(
      offenders(
        all.filter((f) => f.path.startsWith('tests/')),
        off,
      ),
    ).toEqual([]);
  });

  it('the type checker is never silenced', () => {
    const silenced = new RegExp(`@${'ts'}-(ignore|expect-error|nocheck)`);
    expect(all.filter((f) => silenced.test(f.text)).map((f) => f.path)).toEqual([]);
  });
});

/** An exported constant is a function where its parameter list is followed by an arrow. */
function isFunction(rows: readonly string[], at: number): boolean {
  const row = rows[at] ?? '';
  if (/^export (async )?function/.test(row)) return true;
  return /^[^;]*?\)(?::[^=;]+?)?\s*=>/.test(rows.slice(at, at + 14).join(' '));
}
