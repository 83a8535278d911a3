/**
 * What an embedded stack keeps between starts: its secrets and the ports of its parts (the bridge's address is stored
 * in the database, so the broker's port must stay). Made once, mode 0600.
 */
import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { parsedJson } from './stack-folder.ts';

const port = z.int().min(1).max(65_535);
const text = z.string().min(8);

const jwtRing = (id: string): string => {
  const { privateKey } = generateKeyPairSync('ed25519');
  return `${id}:${privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')}`;
};

const ring = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const botToken = () => `1:${randomBytes(24).toString('hex')}`;

const stackSecrets = z.object({
  superuserPassword: text,
  ownerPassword: text,
  runtimePassword: text,
  redisToken: text,
  producerKeys: text,
  bridgeKeys: text,
  auditKey: text,
  mediaKey: text,
  /** What a stack was made without, because it is older, it gets at the next start. */
  jwtKeys: text.default(() => jwtRing('j1')),
  alertKeys: text.default(() => ring('n1')),
  telegramBotToken: text.default(botToken),
  ports: z.object({ postgres: port, sql: port, redis: port, broker: port, telegram: port }),
  /** Whether a first start was ever finished: until then there is nothing to lose. */
  began: z.boolean().default(false),
});
export type StackSecrets = z.output<typeof stackSecrets>;

/** Below the ports that systems hand out for outgoing connections, so that no such connection takes one of ours. */
const LOWEST_PORT = 12_000;
const HIGHEST_PORT = 32_000;

const password = () => randomBytes(24).toString('hex');

/** Whether nobody listens on the port of 127.0.0.1 now. */
export const isPortFree = (candidate: number): Promise<boolean> =>
  new Promise((answer) => {
    const server = createServer();
    server.once('error', () => answer(false));
    server.listen(candidate, '127.0.0.1', () => server.close(() => answer(true)));
  });

/** Ports that nobody listens on now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const candidate = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (await isPortFree(candidate)) found.add(candidate);
  }
  return [...found];
}

/** Writes a file whole or not at all, readable by its owner alone. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, content, { mode: 0o600 });
  await rename(partial, path);
}

/** The stack's secrets, made at the first start. Throws where the file is damaged: guessing would lose the data. */
export async function readStackSecrets(dataDir: string): Promise<StackSecrets> {
  const path = join(dataDir, 'secrets.json');
  const mend = 'put it back from a copy, or start with --fresh, which throws the data away';
  const known = await readFile(path, 'utf8').catch(() => null);
  if (known !== null) {
    const secrets = stackSecrets.safeParse(await withPorts(parsedJson(known)));
    if (!secrets.success) throw new Error(`${path} is damaged: ${mend}`);
    // What a younger version added is kept from now on.
    const added = ['jwtKeys', 'alertKeys', 'telegramBotToken', 'telegram'];
    if (added.some((name) => !known.includes(`"${name}"`))) await writeStackSecrets(dataDir, secrets.data);
    return secrets.data;
  }
  if (existsSync(join(dataDir, 'postgres'))) throw new Error(`${path} is missing: ${mend}`);
  const [postgres = 0, sql = 0, redis = 0, broker = 0, telegram = 0] = await freePorts(5);
  const made: StackSecrets = {
    superuserPassword: password(),
    ownerPassword: password(),
    runtimePassword: password(),
    redisToken: password(),
    producerKeys: ring('p1'),
    bridgeKeys: ring('b1'),
    auditKey: ring('a1'),
    mediaKey: ring('m1'),
    jwtKeys: jwtRing('j1'),
    alertKeys: ring('n1'),
    telegramBotToken: botToken(),
    ports: { postgres, sql, redis, broker, telegram },
    began: false,
  };
  await writeStackSecrets(dataDir, made);
  return made;
}

/** The same with a port for each part; one that is damaged is handed back as it is. */
async function withPorts(known: unknown): Promise<unknown> {
  const found = z.looseObject({ ports: z.looseObject({}) }).safeParse(known);
  if (!found.success || 'telegram' in found.data.ports) return known;
  const [telegram = 0] = await freePorts(1);
  return { ...found.data, ports: { ...found.data.ports, telegram } };
}

/** Keeps the secrets for the next start. */
export const writeStackSecrets = (dataDir: string, secrets: StackSecrets): Promise<void> =>
  writePrivateFile(join(dataDir, 'secrets.json'), `${JSON.stringify(secrets, null, 2)}\n`);
