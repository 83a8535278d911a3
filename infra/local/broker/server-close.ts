// What the server closes of its own accord: stop loss, take profit, stop-out.
// Invariant: such a deal carries the server's reason and comment, and magic 0 unless the account keeps magics.
import type { AccountRecord, PositionRecord, Reason } from './broker-records.ts';
import type { BrokerState } from './broker-state.ts';
import { type Decimal, dec } from './decimal.ts';
import { executeAtMarket } from './order-execution.ts';

/** Closes the whole of a position at `price`. */
export function closeByServer(
  state: BrokerState,
  account: AccountRecord,
  position: PositionRecord,
  cause: { price: Decimal; reason: Reason; comment: string },
): void {
  const volume = dec(position.volume);
  executeAtMarket(state, account, {
    symbol: position.symbol,
    side: position.type === 'buy' ? 'sell' : 'buy',
    magic: account.keeps_magic ? position.magic : '0',
    sl: null,
    tp: null,
    filling: 'fok',
    target: position,
    asked: volume,
    filled: volume,
    ...cause,
  });
}
