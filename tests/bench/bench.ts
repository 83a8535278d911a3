// `npm run bench -- NAME [ARGUMENTS]`: runs tests/bench/<NAME>-bench.ts and prints the load of the machine around it.
import { readdirSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';

/** What a bench file exports: it prints its figures and answers whether every hard limit held. */
export type Bench = { run(args: readonly string[]): Promise<boolean> };

const names = readdirSync(import.meta.dirname).flatMap((file) => /^(.+)-bench\.ts$/.exec(file)?.[1] ?? []);
const [name = '', ...args] = process.argv.slice(2);

function load(): string {
  const averages = loadavg().map((l) => l.toFixed(2));
  return `${averages.join(' ')} on ${cpus().length} cores (${cpus()[0]?.model.trim()}), node ${process.version}`;
}

if (names.includes(name)) {
  const { run } = (await import(`./${name}-bench.ts`)) as Bench;
  console.log(`load before: ${load()}`);
  const held = await run(args);
  console.log(`load after:  ${load()}`);
  process.exit(held ? 0 : 1);
} else {
  console.error(`usage: npm run bench -- ${names.join(' | ')}`);
  process.exit(2);
}
