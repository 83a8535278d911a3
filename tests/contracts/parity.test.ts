// No runtime may leave out what another proves: that is only true while nothing here is conditional.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const RUNTIMES = ['worker', 'lambda'];
const textOf = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');
const files = readdirSync(import.meta.dirname).filter((name) => name !== 'parity.test.ts');

it('runs the whole suite on each of the two runtimes', () => {
  for (const name of RUNTIMES) {
    const text = textOf(`${name}.test.ts`);
    expect(text.match(/^contractSuite\(/gm), name).toHaveLength(1);
    expect(text, name).not.toMatch(/^\s*if \(|\bdescribe\b/m);
  }
});

it('skips, focuses and tries again nothing', () => {
  const conditional = /\.(skip|skipIf|runIf|only|todo|fails|retry)\b|\bretry:/;
  expect(files.filter((name) => conditional.test(textOf(name)))).toEqual([]);
});

it('knows no runtime in any subject: a contract reads neither the name nor the code under test', () => {
  const subjects = files.filter((name) => name.endsWith('-contract.ts'));
  expect(subjects.length).toBeGreaterThan(10);
  for (const name of subjects) {
    expect(textOf(name), name).not.toMatch(/\brt\.name\b|functions\//);
  }
});
