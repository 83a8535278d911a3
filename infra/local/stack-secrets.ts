/**
 * What an embedded stack keeps between starts: its secrets and the ports of its parts (the bridge's address is stored
 * in the database, so the broker's port must stay). Made once, mode 0600.
 */
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

export type StackSecrets = {
  superuserPassword: string;
  ownerPassword: string;
  runtimePassword: string;
  redisToken: string;
  producerKeys: string;
  bridgeKeys: string;
  auditKey: string;
  mediaKey: string;
  ports: { postgres: number; sql: number; redis: number; broker: number };
};

const ring = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const password = () => randomBytes(24).toString('base64url');

/** Ports that nobody listens on now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((s) => {
    const address = s.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))));
  return ports;
}

/** Writes a file whole or not at all, readable by its owner alone. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, text, { mode: 0o600 });
  await rename(partial, path);
}

/** The stack's secrets, made at the first start. Throws where the file is damaged: guessing would lose the data. */
export async function readStackSecrets(dataDir: string): Promise<StackSecrets> {
  const path = join(dataDir, 'secrets.json');
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text !== null) {
    try {
      return JSON.parse(text) as StackSecrets;
    } catch {
      throw new Error(`${path} is damaged: put it back from a copy, or start with --fresh`);
    }
  }
  const [postgres = 0, sql = 0, redis = 0, broker = 0] = await freePorts(4);
  const made: StackSecrets = {
    superuserPassword: password(),
    ownerPassword: password(),
    runtimePassword: password(),
    redisToken: password(),
    producerKeys: ring('p1'),
    bridgeKeys: ring('b1'),
    auditKey: ring('a1'),
    mediaKey: ring('m1'),
    ports: { postgres, sql, redis, broker },
  };
  await writePrivateFile(path, `${JSON.stringify(made, null, 2)}\n`);
  return made;
}
