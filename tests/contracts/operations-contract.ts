// What an operator asks, and what every answer carries.
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Contract } from './contract-suite.ts';
import { SIGNALS } from './signed-ask.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The largest bodies that are taken, where that is not what a person's route takes. */
const LARGEST: Readonly<Record<string, number>> = {
  'post /api/v1/signals/batch': 1_048_576,
  'post /api/v1/charts': 4_194_304,
  'post /api/v1/accounts/{id}/deals': 4_194_304,
  'post /bridge/v1/sync': 4_194_304,
};
const LARGEST_OF_PEOPLE = 262_144;

/** What needs no proof: what the platform asks, and what stands in a published document. */
const OPEN = [
  'get /healthz',
  'get /readyz',
  'get /charts/{file}',
  'get /.well-known/jwks.json',
  // The token in its address is the proof, and an unknown one is no such address.
  'post /hooks/tradingview/{token}',
];

export function operationsContract({ test, ...w }: Contract): void {
  const openapi = (): Promise<Json> => w.json(w.plain('/openapi.json'));

  test('is healthy without asking anybody', async () => {
    expect(await w.json(w.plain('/healthz'))).toEqual({ status: 'ok' });
  });

  test('is ready while its schedule runs, and says 503 when no tick has finished for 180 seconds', async () => {
    await w.rt.tick();
    const ready = await w.json(w.plain('/readyz'));
    expect(ready).toMatchObject({ status: 'ready', last_tick_at: expect.any(String) });
    await w.rt.query("UPDATE schedule_ticks SET finished_at = now() - interval '170 seconds'");
    await w.json(w.plain('/readyz'));
    await w.rt.query("UPDATE schedule_ticks SET finished_at = now() - interval '190 seconds'");
    const answer = await w.plain('/readyz');
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    await w.refusal(answer, 503, 'unavailable');
    await w.rt.tick();
    await w.json(w.plain('/readyz'));
  });

  test('publishes OpenAPI 3.1 with every operation’s answers', async () => {
    const document = await openapi();
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(Object.keys(document.paths).length).toBeGreaterThan(25);
    for (const [path, methods] of Object.entries<Json>(document.paths))
      for (const [method, operation] of Object.entries<Json>(methods)) {
        expect(Object.keys(operation.responses).length, `${method} ${path}`).toBeGreaterThan(0);
        expect(operation.summary, `${method} ${path}`).toBeTruthy();
      }
  });

  test('shows the API to people on one page of its own, without scripts and without anything from elsewhere', async () => {
    const { paths } = await openapi();
    const answer = await w.plain('/docs');
    const page = await answer.text();
    expect(answer.status, page).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html; charset=utf-8$/i);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    const policy = answer.headers.get('content-security-policy') ?? '';
    const style = createHash('sha256').update(/<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src 'sha256-${style.digest('base64')}'`);
    expect(page).not.toMatch(/<script|<link|@import|url\(|\bsrc=|https?:\/\//i);
    for (const path of Object.keys(paths)) expect(page).toContain(`<code>${path}</code>`);
    expect(await (await w.plain('/docs')).text()).toBe(page);
  });

  test('serves every operation that it publishes, and publishes those of the contract', async () => {
    const { paths } = await openapi();
    for (const [path, methods] of Object.entries<Json>(paths))
      for (const method of Object.keys(methods)) {
        const target = path.replace(/\{\w+\}/g, 'x');
        const answer = await w.plain(target, { method: method.toUpperCase() });
        const text = await answer.text();
        expect(text, `${method} ${path}`).not.toContain('no such route');
        expect(answer.status, `${method} ${path}`).toBeLessThan(500);
      }
    for (const path of [
      SIGNALS,
      '/api/v1/approvals',
      '/api/v1/me',
      '/api/v1/accounts',
      '/charts/{file}',
      '/readyz',
    ])
      expect(Object.keys(paths)).toContain(path);
  });

  test('lets nobody in without a proof, on any operation but the open ones', async () => {
    const { paths } = await openapi();
    const open: string[] = [];
    for (const [path, methods] of Object.entries<Json>(paths))
      for (const [method, { security }] of Object.entries<Json>(methods)) {
        if (security === undefined) {
          open.push(`${method} ${path}`);
          continue;
        }
        const body = method === 'post' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {};
        const answer = w.plain(path.replace(/\{\w+\}/g, 'x'), { method: method.toUpperCase(), ...body });
        const refused = await w.refusal(answer, 401, 'unauthorized');
        expect(refused.instance, `${method} ${path}`).not.toContain('x/');
      }
    expect(open.filter((operation) => !OPEN.includes(operation))).toEqual([]);
  });

  test('documents a 413 for every operation that takes a body, and for no other, and answers it', async () => {
    const { paths } = await openapi();
    const hook = w.dev.producer.tradingview_url?.split('/').at(-1) ?? '';
    const headers = {
      ...{ authorization: `Bearer ${w.dev.tokens.owner}`, 'content-type': 'application/json' },
    };
    const wrong: string[] = [];
    let met = 0;
    for (const [path, methods] of Object.entries<Json>(paths))
      for (const [method, { requestBody, responses }] of Object.entries<Json>(methods)) {
        const operation = `${method} ${path}`;
        // Of a picture it is the answer that may be too large.
        const sizes = requestBody !== undefined || operation === 'get /charts/{file}';
        if ('413' in responses !== sizes) wrong.push(operation);
        if (requestBody === undefined) continue;
        met += 1;
        // A hook's token is judged before its size is told.
        const target = path.replace('{token}', hook).replace(/\{\w+\}/g, 'x');
        const body = 'x'.repeat((LARGEST[operation] ?? LARGEST_OF_PEOPLE) + 1);
        const answer = await w.plain(target, { method: method.toUpperCase(), headers, body });
        const refused = await w.refusal(answer, 413, 'payload-too-large');
        expect(refused.detail, operation).toMatch(/^at most \d+ bytes$/);
      }
    expect(wrong).toEqual([]);
    expect(met).toBeGreaterThan(25);
  });

  test('answers what is no route with a 404 problem, whatever the method', async () => {
    const targets = [
      '/',
      '/nope',
      '/api/v1',
      '/api/v2/signals',
      '/api/v1/signals/',
      '//healthz',
      '/healthz/x',
    ];
    for (const target of targets) await w.refusal(w.plain(target), 404, 'not-found');
    for (const method of ['PUT', 'PATCH', 'DELETE'])
      await w.refusal(w.plain('/healthz', { method }), 404, 'not-found');
  });

  test('gives every answer an X-Request-Id of its own, good or bad', async () => {
    const targets = ['/healthz', '/readyz', '/openapi.json', '/nope', '/api/v1/me', '/charts/x.png', SIGNALS];
    const ids = new Set<string>();
    for (const target of targets)
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const answer = await w.plain(target, { method, headers: { 'x-request-id': 'mine' } });
        const id = answer.headers.get('x-request-id');
        expect(id, `${method} ${target}`).toMatch(UUID);
        ids.add(id ?? '');
      }
    expect(ids.size).toBe(targets.length * 3);
  });

  test('answers a GET or DELETE that carries a body as if it had none', async () => {
    const headers = { 'content-type': 'application/json' };
    expect(await w.json(w.plain('/healthz', { body: '{"a":1}', headers }))).toEqual({ status: 'ok' });
    const deleted = w.plain('/api/v1/tokens/x', { method: 'DELETE', body: '{}', headers });
    await w.refusal(deleted, 401, 'unauthorized');
  });

  test('names in a problem the route and never the path that was asked for', async () => {
    const secret = 'very-secret-part';
    const asked = [
      '/charts/very-secret-part.png?sig=very-secret-part',
      '/very-secret-part',
      `${SIGNALS}/very-secret-part`,
    ];
    for (const target of asked) {
      const answer = await w.plain(target);
      expect(await answer.text(), target).not.toContain(secret);
    }
  });
}
