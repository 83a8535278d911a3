// Stop-out: what the server does to an account whose margin level fell to its limit.
// Invariants: pending orders go first, then positions in order of loss, the largest first, until the level is above
// the limit again; a position whose market is closed is left alone.
import { accountFigures, floatingProfit, specOf } from './account-figures.ts';
import type { AccountRecord, PositionRecord } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { type Decimal, dec } from './decimal.ts';
import { checkMarket } from './order-check.ts';
import { finishOrder } from './order-execution.ts';
import { closeByServer } from './server-close.ts';

const MAX_COMMENT_LENGTH = 31;

/** Deletes pending orders and closes losses while the margin level (percent) is at or below the account's limit. */
export function stopOut(state: BrokerState, login: string): void {
  for (;;) {
    const account = state.tables.account.get(login);
    if (!account) return;
    const { margin_level, equity, margin } = accountFigures(state, account);
    if (margin_level === null || margin_level.gt(account.margin_so_so)) return;
    const comment = soComment(margin_level, equity, margin);
    const orders = state.ordersOf(login);
    if (orders.length > 0) {
      for (const order of orders) finishOrder(state, account, { ...order, comment }, 'canceled');
      continue;
    }
    const worst = largestLoss(state, account);
    const quote = worst && state.tables.quote.get(worst.symbol);
    if (!worst || !quote) return;
    const price = dec(worst.type === 'buy' ? quote.bid : quote.ask);
    closeByServer(state, account, worst, { price, reason: 'so', comment });
  }
}

function soComment(level: Decimal, equity: Decimal, margin: Decimal): string {
  const text = `so ${level.toFixed(2)}%/${equity.toFixed(2)}/${margin.toFixed(2)}`;
  return `[${text.slice(0, MAX_COMMENT_LENGTH - 2)}]`;
}

function largestLoss(state: BrokerState, account: AccountRecord): PositionRecord | undefined {
  const tradable = state
    .positionsOf(account.login)
    .filter((row) => checkMarket(state, specOf(state, row.symbol)) === null);
  const money = (row: PositionRecord) => floatingProfit(state, account, row).plus(row.swap);
  return tradable.sort((a, b) => money(a).cmp(money(b)))[0];
}
