// Every list: newest first, by page for people and by cursor for deep pages.
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { unique } from './world.ts';

const LISTS = [
  ...['signals', 'approvals', 'users', 'tokens', 'producers', 'subscriptions', 'bridges', 'accounts'],
  ...['orders', 'trades', 'reconciliation/runs', 'reconciliation/divergences', 'audit', 'events/dead'],
].map((path) => `/api/v1/${path}`);

export function listsContract({ test, ...w }: Contract): void {
  const { owner } = w.dev.tokens;
  const get = (target: string): Promise<Json> => w.json(w.as(owner, 'GET', target));
  const idOf = (item: Json): string => item.id ?? `${item.producer_id}/${item.user_id}`;
  const throughCursor = async (path: string, token: string, size: number): Promise<string[]> => {
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: Json = await w.json(w.as(token, 'GET', `${path}?page_size=${size}${query}`));
      expect(page.items.length).toBeLessThanOrEqual(size);
      ids.push(...page.items.map(idOf));
      cursor = page.next_cursor;
    } while (cursor !== null);
    return ids;
  };

  test('has one form on every list, and an empty 200 past its end', async () => {
    for (const path of LISTS) {
      const page = await get(path);
      expect(page, path).toMatchObject({ page: 1, page_size: 50, total: expect.any(Number) });
      expect(page.items.length).toBe(Math.min(50, page.total));
      expect(page.next_cursor === null).toBe(page.total <= 50);
      const past = await get(`${path}?page=100000&page_size=7`);
      expect(past).toMatchObject({ items: [], page: 100_000, page_size: 7, next_cursor: null });
      expect(past.total, path).toBeGreaterThanOrEqual(page.total);
    }
  });

  test('refuses bad pages, sizes, cursors and unknown fields on every list', async () => {
    const wrong = [
      ...['page=0', 'page=-1', 'page=x', 'page=1.5', 'page=99999999999999999999', 'page='],
      ...['page_size=0', 'page_size=101', 'page_size=ten', 'cursor=x', 'cursor=', 'cursor=%00', 'nonsense=1'],
      `cursor=${Buffer.from('2026-01-01 00:00:00+00|x').toString('base64url')}`,
      `cursor=${Buffer.from('x|018f0000-0000-7000-8000-000000000000').toString('base64url')}`,
      `cursor=${Buffer.from('2026-13-41 00:00:00+00|018f0000-0000-7000-8000-000000000000').toString('base64url')}`,
      `cursor=${'A'.repeat(300)}`,
    ];
    for (const path of LISTS)
      for (const query of wrong) {
        const answer = await w.as(owner, 'GET', `${path}?${query}`);
        expect(answer.status, `${path}?${query}`).toBe(422);
        await w.refusal(answer, 422, 'invalid-query');
      }
  });

  test('reaches every item exactly once, by page and by cursor, newest first', async () => {
    const producer = await w.producer();
    const made: string[] = [];
    for (let i = 0; i < 11; i += 1) made.push((await w.sent(producer)).id);
    const { token } = producer.owner;
    const expected = made.toReversed();
    for (const size of [1, 3, 11, 100])
      expect(await throughCursor('/api/v1/signals', token, size), String(size)).toEqual(expected);
    const paged: string[] = [];
    for (const page of [1, 2, 3]) {
      const answer = await w.json(w.as(token, 'GET', `/api/v1/signals?page=${page}&page_size=4`));
      expect(answer.total).toBe(11);
      paged.push(...answer.items.map(idOf));
    }
    expect(paged).toEqual(expected);
  });

  test('loses and repeats nothing on a cursor while newer items arrive', async () => {
    const producer = await w.producer();
    const made: string[] = [];
    for (let i = 0; i < 6; i += 1) made.push((await w.sent(producer)).id);
    const { token } = producer.owner;
    const first = await w.json(w.as(token, 'GET', '/api/v1/signals?page_size=3'));
    await w.sent(producer);
    await w.sent(producer);
    const query = `page_size=3&cursor=${encodeURIComponent(first.next_cursor)}`;
    const second = await w.json(w.as(token, 'GET', `/api/v1/signals?${query}`));
    expect([...first.items, ...second.items].map(idOf)).toEqual(made.toReversed());
  });

  test('visits every item of every list exactly once by cursor', async () => {
    for (const path of LISTS) {
      const before = await get(path);
      const ids = await throughCursor(path, owner, before.total > 100 ? 100 : 5);
      const after = await get(path);
      expect(new Set(ids).size, path).toBe(ids.length);
      // A run of the schedule may add to a list while it is read.
      expect(ids.length, path).toBeGreaterThanOrEqual(before.total);
      expect(ids.length, path).toBeLessThanOrEqual(after.total);
    }
  });

  test('loses none of the subscriptions that were made in one moment', async () => {
    const producer = await w.producer();
    const at = new Date();
    const people = [await w.person(), await w.person(), await w.person()];
    for (const person of people)
      await w.rt.query('INSERT INTO subscriptions (producer_id, user_id, created_at) VALUES ($1, $2, $3)', [
        producer.id,
        person.id,
        at,
      ]);
    const ids = await throughCursor('/api/v1/subscriptions', owner, 1);
    for (const person of people) expect(ids).toContain(`${producer.id}/${person.id}`);
  });

  test('filters signals by status name or code, instrument and time, and refuses other values', async () => {
    const producer = await w.producer();
    const { token } = producer.owner;
    const from = new Date(Date.now() - 1000).toISOString();
    const gold = await w.sent(producer, { instrument: 'XAUUSD', price: '2000' });
    const euro = await w.sent(producer);
    await w.json(w.approve(producer.owner, euro.id, { decision: 'rejected' }), 201);
    const ids = async (query: string): Promise<string[]> =>
      (await w.json(w.as(token, 'GET', `/api/v1/signals?${query}`))).items.map(idOf);
    expect(await ids('status=new')).toEqual([gold.id]);
    expect(await ids('status=0')).toEqual([gold.id]);
    expect(await ids('status=rejected')).toEqual([euro.id]);
    expect(await ids('status=2')).toEqual([euro.id]);
    expect(await ids('instrument=XAUUSD')).toEqual([gold.id]);
    expect(await ids(`from=${encodeURIComponent(from)}`)).toEqual([euro.id, gold.id]);
    expect(await ids(`to=${encodeURIComponent(from)}`)).toEqual([]);
    expect(await ids(`from=${encodeURIComponent(from)}&status=new&instrument=EURUSD`)).toEqual([]);
    for (const query of [
      'status=8',
      'status=open',
      'instrument=x',
      'from=yesterday',
      'to=1',
      'from=2026-01-01',
    ])
      await w.refusal(w.as(token, 'GET', `/api/v1/signals?${query}`), 422, 'invalid-query');
  });

  test('shows each person only what is his own, and owner and admin everything', async () => {
    const producer = await w.producer();
    const { id } = await w.sent(producer, { external_id: unique() });
    const listed = async (token: string): Promise<string[]> =>
      (await w.json(w.as(token, 'GET', '/api/v1/signals?page_size=5'))).items.map(idOf);
    expect(await listed(producer.owner.token)).toEqual([id]);
    expect(await listed(w.dev.tokens.owner)).toContain(id);
    expect(await listed(w.dev.tokens.admin)).toContain(id);
    expect(await listed(w.dev.tokens.other)).toEqual([]);
  });
}
