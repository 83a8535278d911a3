import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AlertFacts, telegramHtml, webhookBody } from '../../functions/notify/alert-message.ts';
import { runs } from '../support/property.ts';
import { START_MS } from '../support/test-clock.ts';

const alert = (over: Partial<AlertFacts> = {}): AlertFacts => ({
  ...{ id: 'a', kind: 'bridge-silent', subjectKind: 'account', subjectId: 's', createdMs: START_MS },
  detail: { account: 'Main', login: '1001' },
  ...over,
});

describe('a message for Telegram', () => {
  it('says what happened, to what, and when', () => {
    expect(telegramHtml(alert(), false)).toBe(
      [
        '<b>A bridge has been silent for more than five minutes: its account takes no entries</b>',
        'account: <code>Main</code>',
        'login: <code>1001</code>',
        '2026-03-02T10:00:00.000Z',
      ].join('\n'),
    );
  });

  it('says that it may be a repeat, where it may', () => {
    expect(telegramHtml(alert(), true)).toMatch(
      /\nSent again: it is not known whether it arrived the first time\.$/,
    );
  });

  it('can say a kind that it has no words for', () => {
    const text = telegramHtml(alert({ kind: 'moon-fallen', detail: { drawdown_bps: 500 } }), false);
    expect(text).toContain('<b>moon fallen</b>\ndrawdown bps: <code>500</code>');
  });

  it('escapes what would be markup, and only that', () => {
    const text = telegramHtml(alert({ detail: { account: '<b>&"x"</b>' } }), false);
    expect(text).toContain('account: <code>&lt;b&gt;&amp;"x"&lt;/b&gt;</code>');
  });

  it('makes no line of its own out of a name with line breaks or changed direction', () => {
    const text = telegramHtml(alert({ detail: { account: 'a\nlogin: 7\u2028b\u202ec' } }), false);
    expect(text).toContain('account: <code>a login: 7 b c</code>');
  });

  it('whatever the detail, is at most 4096 characters of whole, well-formed lines', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 400 }),
      fc.string({ unit: fc.constantFrom('<', '>', '&', '😀', '"', ' '), maxLength: 400 }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(texts, texts, { maxKeys: 60 }),
        fc.boolean(),
        texts,
        (detail, repeat, kind) => {
          const text = telegramHtml(alert({ detail, kind: kind.slice(0, 60) }), repeat);
          expect(text.length).toBeLessThanOrEqual(4096);
          expect(text).toContain('2026-03-02T10:00:00.000Z');
          const plain = text.replaceAll(/<\/?(b|code)>/g, '').replaceAll(/&(amp|lt|gt);/g, '');
          expect(plain).not.toMatch(/[<>&]/);
          for (const tag of ['b', 'code'])
            expect(text.split(`<${tag}>`).length).toBe(text.split(`</${tag}>`).length);
        },
      ),
      runs(),
    );
  });
});

describe('no form of an alert', () => {
  const SECRETS = [
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    `cs_pat_${'a'.repeat(43)}`,
    `1234567890:${'A'.repeat(35)}`,
  ];

  it.each(SECRETS)('carries a secret that strayed into its detail: %s', (secret) => {
    const strayed = alert({ detail: { cause: `failed with ${secret} at once`, [`k ${secret}`]: 1 } });
    for (const form of [telegramHtml(strayed, false), webhookBody(strayed)]) {
      expect(form).not.toContain(secret.slice(8));
      expect(form).toContain('failed with ***');
    }
  });
});

describe('a webhook’s body', () => {
  it('is JSON with the kind as its type, and the detail', () => {
    expect(JSON.parse(webhookBody(alert()))).toEqual({
      type: 'alert.bridge-silent',
      timestamp: '2026-03-02T10:00:00.000Z',
      data: {
        ...{ id: 'a', subject_kind: 'account', subject_id: 's' },
        title: 'A bridge has been silent for more than five minutes: its account takes no entries',
        detail: { account: 'Main', login: '1001' },
      },
    });
  });

  it('stays under 20 kB', () => {
    const detail = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, '"'.repeat(5_000)]));
    expect(Buffer.byteLength(webhookBody(alert({ detail })))).toBeLessThan(20_000);
  });
});
