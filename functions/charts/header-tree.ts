// The header as the layout engine wants it: boxes and words with CSS. Lengths are device pixels. What is laid out is read
// back in header-marks.ts; the colours of text come back with it, those of boxes by the nodes.
import type { HeaderWords } from './header-words.ts';
import type { Theme } from './theme.ts';

/** An element as satori takes it; no React. */
export type HeaderNode = {
  type: 'div';
  key: null;
  props: { style: Record<string, string | number>; children: string | HeaderNode[] };
};

/** Card backgrounds are told by this, since only they have one. */
export const CARD_FILL = 'backgroundColor';

const node = (style: Record<string, string | number>, children: string | HeaderNode[]): HeaderNode => ({
  ...{ type: 'div', key: null },
  props: { style, children },
});

/** A text that takes at most `lines` lines, the last of them with an ellipsis. */
function text(words: string, size: number, weight: 400 | 600, color: string, lines = 1): HeaderNode {
  const lineHeight = `${Math.round(size * 1.35)}px`;
  const clamp = { display: 'block', lineClamp: lines, wordBreak: 'break-word' };
  return node({ ...clamp, fontSize: size, fontWeight: weight, color, lineHeight }, words);
}

function card(label: string, value: string, color: string, fontSize: number, theme: Theme): HeaderNode {
  const pad = Math.round(fontSize * 0.6);
  const box = { display: 'flex', flexDirection: 'column', flexGrow: 1, flexBasis: 0, minWidth: 0 };
  return node({ ...box, padding: `${Math.round(pad * 0.8)}px ${pad}px`, [CARD_FILL]: theme.grid }, [
    text(label, Math.round(fontSize * 0.8), 400, theme.muted),
    text(value, Math.round(fontSize * 1.2), 600, color),
  ]);
}

/** The tree of a header of a chart whose text is `fontSize` high. */
export function headerTree(words: HeaderWords, fontSize: number, theme: Theme): HeaderNode {
  const margin = Math.round(fontSize * 0.8);
  const tones = { up: theme.upText, down: theme.downText };
  const column = { display: 'flex', flexDirection: 'column', width: '100%' };
  const cards = words.cards.map(({ label, value, tone }) =>
    card(label, value, tone === undefined ? theme.text : tones[tone], fontSize, theme),
  );
  const row = { display: 'flex', gap: `${margin}px`, paddingTop: `${Math.round(margin * 0.7)}px` };
  return node({ ...column, padding: `${margin}px` }, [
    text(words.title, Math.round(fontSize * 1.3), 600, theme.text, 2),
    ...(words.subtitle === '' ? [] : [text(words.subtitle, fontSize, 400, theme.muted)]),
    ...(cards.length === 0 ? [] : [node(row, cards)]),
  ]);
}
