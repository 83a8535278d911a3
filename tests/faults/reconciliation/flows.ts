// What a deposit, a withdrawal and a credit do to the figures of an account: nothing (domain 3.1).
import type { Json } from '../../../infra/local/api-client.ts';
import type { LedgerDesk } from './ledger-desk.ts';

const FLOWS = [
  { deposit: '7654.32', credit: '500' },
  { deposit: '-4321.09', credit: '-500' },
];
/** Shares are floats: of money to the cent no more than so much is left over. */
const TOLERANCE = 1e-6;

type Nav = { return: number | null; drawdown: number | null };

async function navOf({ desk }: LedgerDesk): Promise<Nav> {
  const { world: w } = desk.stage;
  const target = `/api/v1/performance?account=${desk.accountId}&period=all`;
  const report: Json = await w.json(w.as(desk.user.token, 'GET', target));
  const { return_percent, drawdown } = report.nav;
  return { return: return_percent, drawdown: drawdown.percent };
}

/**
 * After these the broker's clock or its corrections lie elsewhere than our snapshots: a flow is told by when it was dated and by
 * what the balance moved, and both are then another's.
 */
const DATED_ELSEWHERE = ['night', 'clock', 'ahead', 'cancel-deal', 'cash', 'charge'];

/** Whether what a flow does to the figures of this account can be told from what else was booked beside it. */
export const flowsAreClear = ({ done }: LedgerDesk): boolean =>
  DATED_ELSEWHERE.every((name) => (done.get(name) ?? 0) === 0);

/** 12. What comes and goes moves neither what a unit has become nor how far it has fallen. A flow is dated when it is seen. */
export async function judgeFlows(of: LedgerDesk): Promise<string[]> {
  const { desk } = of;
  const before = await navOf(of);
  for (const { deposit, credit } of FLOWS) {
    desk.site.control('POST /clock', { now: new Date().toISOString() });
    desk.site.control('POST /deposit', { login: desk.login, amount: deposit });
    desk.site.control('POST /credit', { login: desk.login, amount: credit });
    await desk.reconcile();
  }
  const after = await navOf(of);
  return (['return', 'drawdown'] as const).flatMap((key) => {
    const [was, is] = [before[key], after[key]];
    const same = was === null || is === null ? was === is : Math.abs(is - was) <= TOLERANCE;
    return same ? [] : [`(12) by cash flows alone ${key} became ${is}, was ${was}`];
  });
}
