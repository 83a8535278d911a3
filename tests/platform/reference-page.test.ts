import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../functions/app.ts';
import { type ReferenceDocument, referencePage } from '../../functions/platform/reference-page.ts';

const INFO = { title: 'T', version: '1' };
const ofApp = (): ReferenceDocument =>
  createApp().getOpenAPI31Document({ openapi: '3.1.0', info: INFO }) as unknown as ReferenceDocument;
const bodyOf = async (d: ReferenceDocument): Promise<string> => (await referencePage(d)).body;
/** A document of one operation. */
const withOperation = (operation: Record<string, unknown>): ReferenceDocument => ({
  info: INFO,
  paths: { '/x/{id}': { get: operation } },
});
const bodySchema = (schema: Record<string, unknown>): Promise<string> =>
  bodyOf(withOperation({ requestBody: { content: { 'application/json': { schema } } } }));
/** What a reader sees of it: no tags, no entities, one space for any white space. */
const seen = (page: string): string =>
  page
    .replace(/<style>[\s\S]*<\/style>/, '')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&quot;', '"')
    .replaceAll(/\s+/g, ' ');

describe('the reference page of the application', () => {
  it('has each operation at an anchor of its own, and leads to it from its contents', async () => {
    const d = ofApp();
    const page = await bodyOf(d);
    const operations = Object.entries(d.paths ?? {}).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations.length).toBeGreaterThan(50);
    const text = seen(page);
    expect(operations.filter((o) => text.split(o).length - 1 < 2)).toEqual([]);
    const anchors = [...page.matchAll(/<article id="([^"]+)"/g)].map((m) => m[1]);
    expect(new Set(anchors).size).toBe(anchors.length);
    expect(anchors.length).toBe(operations.length + Object.keys(d.components?.schemas ?? {}).length);
  });

  it('leads nowhere that is not on it, but to the document itself', async () => {
    const page = await bodyOf(ofApp());
    const ids = new Set([...page.matchAll(/\bid="([^"]+)"/g)].map((m) => m[1]));
    const targets = [...page.matchAll(/\bhref="([^"]+)"/g)].map((m) => m[1] ?? '');
    expect(targets.length).toBeGreaterThan(100);
    expect(targets.filter((t) => t !== '/openapi.json' && !ids.has(t.replace(/^#/, '')))).toEqual([]);
  });

  it('is one small page without scripts, and nothing comes from elsewhere', async () => {
    const page = await bodyOf(ofApp());
    expect(Buffer.byteLength(page)).toBeLessThan(400_000);
    expect(page).not.toMatch(
      /<script|<link|<img|<iframe|@import|url\(|\bsrc=|\bon\w+=|\bstyle=|https?:\/\//i,
    );
    expect(page).toContain('<html lang="en">');
    expect(page).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
  });

  it('has no heading that leaves out a level', async () => {
    const levels = [...(await bodyOf(ofApp())).matchAll(/<h(\d)[ >]/g)].map((m) => Number(m[1]));
    expect(levels[0]).toBe(1);
    expect(levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1)).toEqual([]);
  });

  it('comes with a policy that allows its own style by hash and nothing else', async () => {
    const { body, policy } = await referencePage(ofApp());
    const styles = [...body.matchAll(/<style>([\s\S]*?)<\/style>/g)].map((m) => m[1] ?? '');
    expect(styles).toHaveLength(1);
    const hash = createHash('sha256')
      .update(styles[0] ?? '')
      .digest('base64');
    expect(policy.split('; ').sort()).toEqual([
      ...["base-uri 'none'", "default-src 'none'", "form-action 'none'", "frame-ancestors 'none'"],
      `style-src 'sha256-${hash}'`,
    ]);
  });
});

describe('the reference page of any document', () => {
  it('escapes every text of it', async () => {
    const evil = `"><script>alert('1')</script>&amp;`;
    const schema = {
      type: 'object',
      properties: { [evil]: { type: evil, description: evil, pattern: evil } },
    };
    const content = { [evil]: { schema: { ...schema, enum: [evil], default: evil } } };
    const page = await bodyOf({
      info: { title: evil, version: evil, description: evil },
      paths: {
        [`/${evil}`]: {
          get: {
            ...{ tags: [evil], summary: evil, security: [{ [evil]: [] }] },
            parameters: [{ name: evil, in: 'query', schema: { $ref: `#/${evil}`, description: evil } }],
            requestBody: { content },
            responses: { 200: { description: evil, content }, 400: { description: `\`${evil}\`` } },
          },
        },
      },
      components: { schemas: { [evil]: schema }, securitySchemes: { [evil]: { description: evil } } },
    });
    expect(page).not.toMatch(/<script/i);
    expect(page).not.toContain("alert('1')");
    expect(page).toContain('&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;');
  });

  it('says types and bounds in words', async () => {
    // `Answers` is the heading that follows: nothing more is said.
    const said: [Record<string, unknown>, string][] = [
      [
        { type: 'integer', minimum: 1, maximum: 9, default: 2 },
        'integer, optional; at least 1; at most 9; default 2',
      ],
      [
        { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
        'm integer, optionalAnswers',
      ],
      [{ type: ['string', 'null'], maxLength: 5 }, 'string or null, optional; max. characters 5'],
      [{ type: 'string', pattern: '^[a-z]$' }, 'string, optional; matches ^[a-z]$'],
      [{ type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }, 'm uuid, optionalAnswers'],
      [{ enum: ['a', 1] }, '"a" | 1, optional'],
      [{ const: 'a' }, '"a", optional'],
      [
        { anyOf: [{ type: 'string' }, { type: 'number', minimum: 0 }] },
        'string or number; at least 0, optional',
      ],
      [{ anyOf: [{ type: 'object' }, { type: 'object' }] }, 'm one of 2 objects, optionalAnswers'],
      [{ allOf: [{ $ref: '#/components/schemas/A' }, { type: 'object' }] }, 'A and object, optional'],
      [
        { type: 'array', items: { $ref: '#/components/schemas/A' }, maxItems: 3 },
        'list of A, optional; max. items 3',
      ],
      [{}, 'any value, optional'],
      [{ type: 'string', format: 'date-time', example: 'x' }, 'date-time, optional; such as "x"'],
    ];
    for (const [schema, words] of said)
      expect(seen(await bodySchema({ type: 'object', properties: { m: schema } })), words).toContain(words);
    const required = await bodySchema({
      type: 'object',
      properties: { m: { type: 'null' } },
      required: ['m'],
    });
    expect(seen(required)).not.toContain('optional');
  });

  it('shows the members of members, of items and of alternatives', async () => {
    const inner = (name: string) => ({ type: 'object', properties: { [name]: { type: 'string' } } });
    const page = await bodySchema({
      type: 'object',
      properties: {
        a: inner('b'),
        c: { type: 'array', items: inner('d') },
        e: { anyOf: [inner('f'), inner('g')] },
      },
    });
    const names = [...page.matchAll(/<code class="name">(\w)<\/code>/g)].map((m) => m[1]);
    expect(names.join('')).toBe('abcdefg');
  });

  it('takes an operation that says next to nothing, and a document without any', async () => {
    const text = seen(await bodyOf(withOperation({})));
    expect(text).toContain('Proof: none');
    expect(text).toContain('other');
    expect(seen(await bodyOf({ info: INFO }))).toContain('T API, version 1');
  });
});
