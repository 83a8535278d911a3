// The command line of every stand-in: one `ready` line, and no process left behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freePort } from './free-port.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-main-'));
const path = (name: string): string => new URL(`../../../infra/local/${name}`, import.meta.url).pathname;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const programs: [file: string, args: string[]][] = [
  ['neon-sql-main.ts', ['--database-port', '1', '--max-connections', '4']],
  ['upstash-main.ts', ['--token', 't']],
  ['object-store-main.ts', ['--data', join(folder, 'objects'), '--access-key', 'k', '--secret-key', 's']],
  ['queue-main.ts', ['--queues', '[{"name":"events"}]']],
];

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) => child.once('exit', done));
const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((found) => child.stdout?.once('data', (chunk: Buffer) => found(chunk.toString())));

describe.each(programs)('%s', (file, args) => {
  it('prints ready and ends with its standard input', async () => {
    const port = String(await freePort());
    const child = spawn(process.execPath, [path(file), '--port', port, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const end = ended(child);
    expect(await firstLine(child)).toBe(`ready ${port}\n`);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBeGreaterThan(399);
    child.stdin?.end();
    expect(await end).toBe(0);
  });

  it('ends with the IPC channel, although it has no standard input', async () => {
    const child = spawn(process.execPath, [path(file), '--port', '0', ...args], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const end = ended(child);
    expect(await firstLine(child)).toMatch(/^ready \d+\n$/);
    child.disconnect();
    expect(await end).toBe(0);
  });

  it('says what is wrong with its arguments', async () => {
    const child = spawn(process.execPath, [path(file), '--port', 'x', ...args], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const message = new Promise<string>((found) =>
      child.stderr?.once('data', (chunk: Buffer) => found(chunk.toString())),
    );
    const end = ended(child);
    expect(await message).toMatch(/--port must be a port number/);
    expect(await end).toBe(2);
  });
});
