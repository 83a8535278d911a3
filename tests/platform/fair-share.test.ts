import { describe, expect, it } from 'vitest';
import { type SharedWork, workInShares } from '../../functions/platform/fair-share.ts';
import { testClock } from '../support/test-clock.ts';

type Item = SharedWork & { name: string };
const LIMITS = { parallel: 3, roundMs: 100 };

/** Work whose end the test decides, and which of it has begun. */
function stage() {
  const clock = testClock();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const piece = (name: string, party: string | null): Item => ({
    ...{ name, party },
    run: () =>
      new Promise((done) => {
        begun.push(name);
        ends.set(name, done);
      }),
  });
  const end = async (...names: string[]) => {
    for (const name of names) ends.get(name)?.();
    // The work's own promise, and what follows from its end.
    for (let i = 0; i < 5; i += 1) await Promise.resolve();
  };
  const round = (items: readonly Item[]) => workInShares(clock, items, LIMITS);
  return { clock, begun, piece, end, round };
}

describe('a round of shared work', () => {
  it('begins with everybody before anybody has a second piece', async () => {
    const { begun, piece, end, round } = stage();
    const all = [...['a1', 'a2', 'a3', 'a4'].map((n) => piece(n, 'a')), piece('b1', 'b'), piece('c1', 'c')];
    const rest = round(all);
    expect(begun).toEqual(['a1', 'b1', 'c1']);
    await end('b1', 'c1');
    expect(begun).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
    await end('a1', 'a2', 'a3');
    await end('a4');
    expect(await rest).toEqual([]);
  });

  it('prefers whoever has used less time, and takes nobody’s work in its order', async () => {
    const { clock, begun, piece, end, round } = stage();
    const rest = round([
      ...[piece('slow1', 'slow'), piece('quick1', 'quick'), piece('own1', null)],
      ...[piece('slow2', 'slow'), piece('quick2', 'quick'), piece('own2', null)],
    ]);
    await end('quick1');
    clock.advance(50);
    expect(begun).toEqual(['slow1', 'quick1', 'own1', 'quick2']);
    await end('slow1');
    expect(begun.slice(4)).toEqual(['own2']);
    await end('quick2', 'own1', 'own2');
    await end('slow2');
    expect([begun, await rest]).toEqual([['slow1', 'quick1', 'own1', 'quick2', 'own2', 'slow2'], []]);
  });

  it('gives one alone all there is', async () => {
    const { begun, piece, end, round } = stage();
    const rest = round(['1', '2', '3', '4'].map((n) => piece(n, 'a')));
    expect(begun).toEqual(['1', '2', '3']);
    await end('1', '2', '3');
    await end('4');
    expect(await rest).toEqual([]);
  });

  it('begins nothing after its time, and hands back what was left, once what was begun has ended', async () => {
    const { clock, begun, piece, end, round } = stage();
    const items = ['1', '2', '3', '4', '5'].map((n) => piece(n, 'a'));
    let over = false;
    const rest = round(items).finally(() => {
      over = true;
    });
    clock.advance(LIMITS.roundMs);
    await end('1', '2');
    expect([begun.length, over]).toEqual([3, false]);
    await end('3');
    expect(await rest).toEqual(items.slice(3));
  });

  it('is over at once where there is nothing', async () => {
    expect(await stage().round([])).toEqual([]);
  });
});
