import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseJwtRing } from '../../../functions/platform/jwt-ring.ts';
import { readStackSecrets } from '../../../infra/local/stack-secrets.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-secrets-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const path = () => join(folder, 'secrets.json');

describe('the secrets of a stack', () => {
  it('hold a ring of JWT keys that the functions take', async () => {
    const { jwtKeys } = await readStackSecrets(folder);
    expect(parseJwtRing(jwtKeys, 'private')?.map((k) => k.algorithm)).toEqual(['EdDSA']);
    expect((await stat(path())).mode & 0o777).toBe(0o600);
  });

  it('made before there were JWTs get a key at the next start, which stays, and keep all the others', async () => {
    const { jwtKeys: _, ...before } = await readStackSecrets(folder);
    await writeFile(path(), JSON.stringify(before));
    const { jwtKeys, ...rest } = await readStackSecrets(folder);
    expect(rest).toEqual(before);
    expect(parseJwtRing(jwtKeys, 'private')).toHaveLength(1);
    expect((await readStackSecrets(folder)).jwtKeys).toBe(jwtKeys);
    expect(JSON.parse(await readFile(path(), 'utf8'))).toEqual({ ...before, jwtKeys });
  });

  it('made before there were alerts get a key, a token and a port at the next start, which stay', async () => {
    const { alertKeys: _, telegramBotToken: __, ports, ...before } = await readStackSecrets(folder);
    const { telegram: ___, ...oldPorts } = ports;
    await writeFile(path(), JSON.stringify({ ...before, ports: oldPorts }));
    const made = await readStackSecrets(folder);
    expect(made).toMatchObject({ ...before, ports: oldPorts });
    expect(made.alertKeys).toMatch(/^n1:/);
    expect(made.ports.telegram).toBeGreaterThan(0);
    expect(await readStackSecrets(folder)).toEqual(made);
  });
});
