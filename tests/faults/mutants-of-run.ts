// A mutant costs a bundle and a stack of its own. A run of all tests takes a third of them, by turns drawn at its start and
// printed; `MUTANTS=all` takes every one, as `npm run test:soak` does, and `MUTANTS=0`, `1` or `2` repeats a third.
const THIRDS = ['0', '1', '2'] as const;

const given =
  process.env['MUTANTS'] ?? THIRDS[(crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) % THIRDS.length];
if (given !== 'all' && !THIRDS.some((third) => third === given))
  throw new Error('MUTANTS must be all, 0, 1 or 2');

/** What of a table of mutants this run takes; the names of the others are printed. */
export function mutantsOfRun<T>(table: Readonly<Record<string, T>>): [string, T][] {
  const isTaken = (_: unknown, index: number) => given === 'all' || index % THIRDS.length === Number(given);
  const entries = Object.entries(table);
  const left = entries.filter((one, index) => !isTaken(one, index)).map(([name]) => name);
  if (left.length > 0) console.info(`MUTANTS=${given}; left to npm run test:soak: ${left.join('; ')}`);
  return entries.filter(isTaken);
}
