/**
 * Sends a statement's deals to an account without a bridge, through the public API as any script would. Invariants: nothing is
 * sent before the whole file was read and found sound, nor stored before the whole of it was found to contradict nothing that
 * is stored; what an interrupted import has stored, the next one completes.
 */
import { z } from 'zod';
import type { Deal } from '../../functions/ledger/trade-projection.ts';
import { isoTime } from '../../functions/platform/clock.ts';
import type { MarginMode } from './statement-deal.ts';

/** Well within what one call takes, whatever the comments hold. */
const PAGE = 2_500;
const TRIES = 3;
const PAUSE_MS = 500;
const CALL_MS = 60_000;
const LIST_PAGE = 100;

/** The account has a deal of this ticket with other figures. */
export class ImportConflict extends Error {
  readonly ticket: string;
  constructor(ticket: string) {
    super(`deal ${ticket} stands in the account with other figures`);
    this.name = 'ImportConflict';
    this.ticket = ticket;
  }
}

const accountRow = z.object({
  id: z.string(),
  name: z.string(),
  bridge_id: z.string().nullable(),
  margin_mode: z.string().nullable(),
  currency: z.string().nullable(),
});
const accountPage = z.object({ items: z.array(accountRow), next_cursor: z.string().nullable() });
const figures = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
const performance = z.object({ statement: figures });
const stored = z.object({ stored: z.number() });

export type ImportAccount = { id: string; marginMode: MarginMode; currency: string | null };
export type Figures = z.output<typeof figures>;

export class HistoryImport {
  readonly #baseUrl: string;
  readonly #token: string;
  constructor(baseUrl: string, token: string) {
    this.#baseUrl = baseUrl;
    this.#token = token;
  }

  /** Whether somebody answers there who knows the token. */
  async isAnswered(): Promise<boolean> {
    try {
      return (await this.#call('GET', '/api/v1/me')).status === 200;
    } catch {
      return false;
    }
  }

  /** The caller's account without a bridge of this name; null: there is none yet. */
  async account(name: string): Promise<ImportAccount | null> {
    let cursor: string | null = null;
    do {
      const at: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = accountPage.parse(await this.#ask('GET', `/api/v1/accounts?page_size=${LIST_PAGE}${at}`));
      const found = page.items.find((a) => a.bridge_id === null && a.name === name);
      if (found !== undefined)
        return {
          id: found.id,
          marginMode: found.margin_mode === 'hedging' ? 'hedging' : 'netting',
          currency: found.currency,
        };
      cursor = page.next_cursor;
    } while (cursor !== null);
    return null;
  }

  /** Adds one; another import that does so at the same moment is no harm. */
  async addAccount(name: string, of: { marginMode: MarginMode; currency: string }): Promise<ImportAccount> {
    const body = { name, currency: of.currency, margin_mode: of.marginMode };
    const { status, text } = await this.#call('POST', '/api/v1/accounts', body);
    if (status !== 201 && status !== 409) throw unexpected('POST /api/v1/accounts', status, text);
    const account = await this.account(name);
    if (account === null) throw new Error(`the account ${name} was added and is not there`);
    return account;
  }

  /** Sends all deals, oldest first; how many of them were new. Throws `ImportConflict` before any is stored. */
  async send({ id }: ImportAccount, deals: readonly Deal[]): Promise<number> {
    await this.#sendPages(id, deals, true);
    return this.#sendPages(id, deals, false);
  }

  /** What the account's books say in a terminal's terms. */
  async figures({ id }: ImportAccount): Promise<Figures> {
    return performance.parse(await this.#ask('GET', `/api/v1/performance?account=${id}&period=all`))
      .statement;
  }

  async #sendPages(id: string, deals: readonly Deal[], dryRun: boolean): Promise<number> {
    const path = `/api/v1/accounts/${id}/deals`;
    let count = 0;
    for (let at = 0; at < deals.length; at += PAGE) {
      const page = deals.slice(at, at + PAGE).map(wireDeal);
      const { status, text } = await this.#call('POST', path, { deals: page, dry_run: dryRun });
      if (status === 409) throw conflictOf(text);
      if (status !== 200) throw unexpected(`POST ${path}`, status, text);
      count += stored.parse(JSON.parse(text)).stored;
    }
    return count;
  }

  async #ask(method: string, path: string): Promise<unknown> {
    const { status, text } = await this.#call(method, path);
    if (status !== 200) throw unexpected(`${method} ${path}`, status, text);
    return JSON.parse(text);
  }

  /** Every call may be made again: what a lost answer has stored is known by its tickets or its name. */
  async #call(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    for (let left = TRIES; ; left -= 1) {
      try {
        const answer = await fetch(`${this.#baseUrl}${path}`, {
          method,
          headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
          signal: AbortSignal.timeout(CALL_MS),
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await answer.text();
        if (answer.status < 500 || left <= 1) return { status: answer.status, text };
      } catch (e) {
        if (left <= 1) throw e;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

const unexpected = (what: string, status: number, text: string): Error =>
  new Error(`${what} answered ${status}: ${text.slice(0, 500)}`);

function conflictOf(text: string): Error {
  const { ticket, detail } = z
    .object({ ticket: z.string().optional(), detail: z.string().optional() })
    .parse(JSON.parse(text));
  return ticket === undefined ? new Error(detail ?? text) : new ImportConflict(ticket);
}

const wireDeal = (d: Deal) => ({
  ...{ ticket: d.ticket, order: d.orderTicket, position_id: d.positionId, time: isoTime(d.timeMs) },
  ...{ type: d.type, entry: d.entry, magic: d.magic, reason: d.reason, symbol: d.symbol, volume: d.volume },
  ...{ price: d.price, commission: d.commission, swap: d.swap, profit: d.profit, fee: d.fee },
  ...{ comment: d.comment, external_id: d.externalId },
});
