/**
 * Whether the balance column of a list of deals follows from its deals. Terminals do not print them in the order in which
 * they happened (the tester goes by orders), and rows may have been sorted since; so the column is taken for sound where the
 * deals can be put in any one order in which each leaves the balance that it states, from nothing on. Each deal is a step from
 * the balance before it to its own: there is such an order exactly where the steps form one path from zero (Euler's theorem:
 * every balance is left as often as it is reached, but for the first and the last, and all of them hang together).
 */
import { Big, plain } from '../../functions/platform/decimal.ts';
import { StatementFault } from './statement-table.ts';

/** `moved`: what the deal did to the balance; `balance`: what the list says it left. Plain decimals. */
export type BalanceStep = { line: number; moved: string; balance: string };

/**
 * Throws `StatementFault` with the line where the column breaks, for the order of `orders` in which it breaks least. Each
 * order holds the same steps.
 */
export function checkBalanceColumn(orders: readonly (readonly BalanceStep[])[]): void {
  const breaks = orders.map(breaksOf);
  const least = breaks.reduce((best, found) => (found.length < best.length ? found : best), breaks[0] ?? []);
  const [first] = least;
  if (first === undefined || isOnePath(orders[0] ?? [])) return;
  throw new StatementFault(
    first.line,
    first.before === null
      ? `the balance is ${first.balance} where the first deal leaves ${first.wanted}: the list does not begin with the account`
      : `the balance is ${first.balance} where ${first.before} and this deal leave ${first.wanted}`,
  );
}

type Break = { line: number; balance: string; before: string | null; wanted: string };

/** Where a deal does not leave what the balance stated before it and the deal itself make. */
function breaksOf(steps: readonly BalanceStep[]): Break[] {
  return steps.flatMap(({ line, moved, balance }, i) => {
    const before = steps[i - 1]?.balance ?? null;
    const wanted = plain(new Big(before ?? 0).plus(moved));
    return wanted === plain(balance) ? [] : [{ line, balance, before, wanted }];
  });
}

function isOnePath(deals: readonly BalanceStep[]): boolean {
  const surplus = new Map<string, number>([['0', 0]]);
  const next = new Map<string, string[]>();
  for (const { moved, balance } of deals) {
    const to = plain(balance);
    const from = plain(new Big(balance).minus(moved));
    surplus.set(from, (surplus.get(from) ?? 0) + 1);
    surplus.set(to, (surplus.get(to) ?? 0) - 1);
    const steps = next.get(from) ?? [];
    steps.push(to);
    next.set(from, steps);
  }
  const uneven = [...surplus].filter(([, n]) => n !== 0);
  const fromZero = uneven.length === 0 || (uneven.length === 2 && surplus.get('0') === 1);
  return fromZero && uneven.every(([, n]) => Math.abs(n) === 1) && reached(next, '0') === surplus.size;
}

/** How many balances can be reached from one, itself included. */
function reached(next: ReadonlyMap<string, readonly string[]>, from: string): number {
  const seen = new Set([from]);
  const open = [from];
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const to of next.get(at) ?? [])
      if (!seen.has(to)) {
        seen.add(to);
        open.push(to);
      }
  return seen.size;
}
