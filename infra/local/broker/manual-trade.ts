// Trades made by hand in a terminal: magic 0, reason CLIENT, no comment; or, where a magic is given, by another program.
import type { BrokerEngine } from './broker-engine.ts';
import { BrokerError } from './broker-error.ts';
import type { ControlBody } from './control-schemas.ts';
import { dec } from './decimal.ts';
import { isAccepted, retcodeComment } from './retcodes.ts';
import { toServerMs } from './server-clock.ts';
import type { TradeAnswer, TradeRequest } from './trade-request.ts';

const BY_HAND = { magic: '0', comment: '', reason: 'client' } as const;

/** Opens, closes (wholly, in part or by another), places, modifies or cancels by hand; a BrokerError where the server refuses. */
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
  if ('close_by' in body) {
    const [position, other] = body.close_by;
    return { ...asked, action: 'close_by', position, position_by: other };
  }
  if ('modify_order' in body) {
    const { price, sl, tp } = body;
    return { ...asked, action: 'modify', order: body.modify_order, price, sl: moved(sl), tp: moved(tp) };
  }
  if ('place' in body) return pendingOf(engine, body, asked);
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
  const { symbol, side, volume, magic } = body;
  return {
    ...market,
    ...(magic === undefined ? {} : { magic, reason: 'expert' as const }),
    symbol,
    side,
    volume,
    sl: moved(body.sl) ?? null,
    tp: moved(body.tp) ?? null,
    position: null,
  };
}

type Placed = Extract<ControlBody<'manualTrade'>, { place: string }>;

function pendingOf(
  engine: BrokerEngine,
  body: Placed,
  asked: Pick<TradeRequest, 'login' | 'magic' | 'comment' | 'reason'>,
): TradeRequest {
  engine.symbol(body.symbol);
  const { server_tz } = engine.account(body.login);
  return {
    ...asked,
    action: 'pending',
    symbol: body.symbol,
    type: body.place,
    volume: body.volume,
    price: body.price,
    price_stoplimit: body.price_stoplimit,
    sl: moved(body.sl) ?? null,
    tp: moved(body.tp) ?? null,
    expiration: body.expires_at == null ? null : toServerMs(server_tz, body.expires_at),
    type_time: body.expiration,
  };
}

function moved(level: string | null | undefined): string | null | undefined {
  return level == null ? level : dec(level).toFixed();
}
