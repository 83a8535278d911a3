/**
 * What one position says against the books: whose it is, how much of it there is, which way it goes, and what protects it.
 * Pure. Invariants: a level that we told the broker is no change; what was seen before it was taken away is a removal, and
 * what was never seen after the fill is missing; of a position whose volume is in doubt nothing is moved.
 */
import type { Snapshot } from '../bridge/bridge-protocol.ts';
import { compare, plain } from '../platform/decimal.ts';
import { type Divergence, nameOf } from './divergence-code.ts';
import type { Compared, PositionView } from './divergences.ts';
import type { StoredCommand, StoredPosition } from './stored-books.ts';

type Shown = Snapshot['positions'][number];

/** All of it; of a page of the history only whose an opening deal is that has just come. */
export function positionDivergences(of: Compared, view: PositionView): Divergence[] {
  const { position, trade } = view;
  const found = strangers(of, view);
  if (!of.whole) return found;
  const brokerKey = view.positionId;
  if (trade.status === 'closing_unconfirmed')
    found.push({
      code: 'MISSING_NO_DEALS',
      brokerKey,
      evidence: { volume_open: trade.volumeOpen, opened_ms: String(trade.openedMs) },
    });
  if (position === undefined) return found;
  const turned = trade.status !== 'closed' && position.type !== trade.side;
  if (turned)
    found.push({
      code: 'DIRECTION_MISMATCH',
      brokerKey,
      evidence: { symbol: position.symbol, at_broker: position.type, in_ledger: trade.side },
    });
  if (compare(position.volume, trade.volumeOpen) !== 0)
    found.push(volumeGap(brokerKey, position.volume, trade.volumeOpen));
  const before = of.books.positions.find((p) => p.identifier === position.identifier);
  return [...found, ...sinceBefore(position, before), ...protection(of, view, position, before)];
}

/** More or less of it at the broker than in our ledger. */
export const volumeGap = (brokerKey: string, atBroker: string, inLedger: string): Divergence => ({
  code: 'VOLUME_GAP',
  brokerKey,
  evidence: { at_broker: plain(atBroker), in_ledger: inLedger },
});

/** A position that no command of ours opened, as long as it is open, and where it was opened and closed in between. */
function strangers(of: Compared, { command, opening, positionId, trade }: PositionView): Divergence[] {
  if (command !== null) return [];
  const isNews = opening.some((d) => of.newTickets.has(d.ticket));
  if (!isNews && (!of.whole || trade.status === 'closed')) return [];
  const [first] = opening;
  const magic = first?.magic ?? '0';
  const ours = BigInt(magic) >> 40n === BigInt(of.state.namespace);
  const signalId = ours ? signalOf(of.books.commands, first?.comment ?? '') : null;
  return [
    {
      code: ours ? 'ORPHAN_OWN' : 'EXTERNAL_POSITION',
      brokerKey: positionId,
      evidence: {
        ...{ magic, symbol: trade.symbol, side: trade.side, volume: trade.volume },
        ...(first === undefined || first.comment === '' ? {} : { comment: first.comment }),
      },
      ...(signalId === null ? {} : { adoptedBy: signalId }),
      // Of what carries our magic a person hears all the same.
      ...(trade.status === 'closed' && !ours ? { past: true } : {}),
    },
  ];
}

/** What the shortest brokers keep of a comment (domain 1.2). */
const COMMENT_KEPT = 12;

/** The signal of the entry whose comment a deal under our namespace carries, though not its number. */
function signalOf(commands: readonly StoredCommand[], comment: string): string | null {
  if (comment.length < COMMENT_KEPT) return null;
  const entry = commands.find(
    (c) =>
      (c.kind === 'open' || c.kind === 'place') && c.comment.startsWith(comment.slice(0, c.comment.length)),
  );
  return entry?.signalId ?? null;
}

/** What the broker did to it without a deal. */
function sinceBefore(p: Shown, before: StoredPosition | undefined): Divergence[] {
  if (before === undefined) return [];
  const found: Divergence[] = [];
  if (before.ticket !== p.ticket)
    found.push({
      code: 'TICKET_CHANGED',
      brokerKey: `${p.identifier}/${p.ticket}`,
      evidence: { from: before.ticket, to: p.ticket },
    });
  // A close in part takes its share of the swap with it.
  if (compare(before.volume, p.volume) === 0 && compare(before.swap, p.swap) !== 0)
    found.push({
      code: 'COST_ADJUSTMENT',
      brokerKey: `${p.identifier}/swap=${plain(p.swap)}`,
      evidence: { type: 'open swap', from: plain(before.swap), to: plain(p.swap) },
    });
  return found;
}

type Levels = { sl: string | null; tp: string | null };

const same = (a: string | null, b: string | null): boolean =>
  a === null || b === null ? a === b : compare(a, b) === 0;
const sameLevels = (a: Levels, b: Levels): boolean => same(a.sl, b.sl) && same(a.tp, b.tp);
const said = (level: string | null): string => (level === null ? 'none' : plain(level));

function protection(
  of: Compared,
  view: PositionView,
  position: Shown,
  before: StoredPosition | undefined,
): Divergence[] {
  const entry = of.books.commands.find((c) => c.id === view.command?.id);
  const commanded: Levels | null =
    entry === undefined ? null : { sl: entry.order.stop_loss ?? null, tp: entry.order.take_profit ?? null };
  const brokerKey = view.positionId;
  const missing = nameOf({ code: 'SLTP_MISSING_AFTER_FILL', brokerKey });
  const stands = of.books.divergences.some((d) => d.status === 'open' && nameOf(d) === missing);
  if (commanded?.sl != null && position.sl === null && (before === undefined || stands))
    return [
      {
        code: 'SLTP_MISSING_AFTER_FILL',
        brokerKey,
        evidence: { sl: plain(commanded.sl), ...(commanded.tp === null ? {} : { tp: plain(commanded.tp) }) },
      },
    ];
  const last: Levels | null =
    before === undefined ? commanded : { sl: before.stopLoss, tp: before.takeProfit };
  if (last === null || sameLevels(last, position) || isOurs(of.books.commands, brokerKey, position))
    return [];
  const removed = last.sl !== null && position.sl === null;
  return [
    {
      code: 'SLTP_CHANGED',
      brokerKey: `${brokerKey}/sl=${said(position.sl)},tp=${said(position.tp)}`,
      evidence: {
        ...{ sl_from: said(last.sl), sl_to: said(position.sl) },
        ...{ tp_from: said(last.tp), tp_to: said(position.tp) },
      },
      // Nothing protects it any more.
      ...(removed ? { grave: true as const } : {}),
    },
  ];
}

/** Whether we told the broker these levels. */
const isOurs = (commands: readonly StoredCommand[], positionId: string, levels: Levels): boolean =>
  commands.some(
    (c) =>
      c.kind === 'modify_sltp' &&
      c.pre.position_id === positionId &&
      sameLevels({ sl: c.order.stop_loss ?? null, tp: c.order.take_profit ?? null }, levels),
  );
