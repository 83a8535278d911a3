// Trades made by hand in a terminal: magic 0, reason CLIENT, no comment.
import type { BrokerEngine } from './broker-engine.ts';
import { BrokerError } from './broker-engine.ts';
import type { ControlBody } from './control-schemas.ts';
import { dec } from './decimal.ts';
import { isAccepted, retcodeComment } from './retcodes.ts';
import type { TradeAnswer, TradeRequest } from './trade-request.ts';

const BY_HAND = { magic: '0', comment: '', reason: 'client' } as const;

/** Opens, closes (wholly or in part), modifies or cancels by hand; a BrokerError where the server refuses. */
export function manualTrade(engine: BrokerEngine, body: ControlBody<'manualTrade'>): TradeAnswer {
  engine.account(body.login);
  const answer = engine.send(requestOf(engine, body));
  if (isAccepted(answer.retcode)) return answer;
  throw new BrokerError(`${answer.retcode} ${retcodeComment(answer.retcode)}`);
}

function requestOf(engine: BrokerEngine, body: ControlBody<'manualTrade'>): TradeRequest {
  const asked = { ...BY_HAND, login: body.login };
  if ('cancel' in body) return { ...asked, action: 'remove', order: body.cancel };
  if ('modify' in body) {
    return { ...asked, action: 'sltp', position: body.modify, sl: moved(body.sl), tp: moved(body.tp) };
  }
  const market = { ...asked, action: 'deal', price: null, deviation_points: null } as const;
  if ('close' in body) {
    const position = engine.state.tables.position.get(body.close);
    if (!position) throw new BrokerError(`no position ${body.close}`);
    const side = position.type === 'buy' ? 'sell' : 'buy';
    const volume = body.volume ?? position.volume;
    return {
      ...market,
      symbol: position.symbol,
      side,
      volume,
      sl: null,
      tp: null,
      position: position.ticket,
    };
  }
  engine.symbol(body.symbol);
  const { symbol, side, volume } = body;
  return {
    ...market,
    symbol,
    side,
    volume,
    sl: moved(body.sl) ?? null,
    tp: moved(body.tp) ?? null,
    position: null,
  };
}

function moved(level: string | null | undefined): string | null | undefined {
  return level == null ? level : dec(level).toFixed();
}
