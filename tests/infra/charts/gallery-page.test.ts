import { Parser } from 'htmlparser2';
import { expect, it } from 'vitest';
import { galleryPage, type Picture } from '../../../infra/charts/gallery-page.ts';

const picture = (subject: string, theme: string, alt: string): Picture => ({
  ...{
    file: `${subject}-${theme}.png`,
    subject,
    heading: `${subject} & bars`,
    theme,
    size: 'web',
    width: 1200,
    height: 630,
    alt,
  },
});

it('shows every picture with its words and size, by subject, and loads nothing from elsewhere', () => {
  const pictures = [
    picture('renko', 'light', 'Bricks <of> "gold"'),
    picture('renko', 'dark', 'b'),
    picture('equity', 'dark', 'c'),
  ];
  const page = galleryPage(pictures);
  const images: Record<string, string>[] = [];
  const headings: string[] = [];
  const links: string[] = [];
  const titles: string[] = [];
  let heading = false;
  let open = '';
  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === 'img') images.push(attributes);
      heading = name === 'h2';
      if (name === 'a') links.push('');
      open = name === 'a' || name === 'title' ? name : open;
      for (const link of ['src', 'href'])
        if (attributes[link] !== undefined) expect(attributes[link]).toMatch(/^(#\w+|[\w-]+\.png)$/);
      expect(['script', 'link', 'iframe']).not.toContain(name);
    },
    ontext(text) {
      if (heading) headings.push(text);
      if (open === 'a') links[links.length - 1] += text;
      if (open === 'title') titles.push(text);
    },
    onclosetag(name) {
      heading = false;
      if (name === open) open = '';
    },
  });
  parser.end(page);
  expect(headings.join('').split(' & bars').slice(0, -1)).toEqual(['renko', 'equity']);
  expect(links).toEqual([
    ...['renko & bars', 'equity & bars'],
    ...['renko & bars, light, web', 'renko & bars, dark, web', 'equity & bars, dark, web'],
  ]);
  expect(titles).toEqual(['Gallery of charts: every kind, theme and size']);
  expect(images.map(({ alt, width, height }) => [alt, width, height])).toEqual([
    ['Bricks <of> "gold"', '1200', '630'],
    ['b', '1200', '630'],
    ['c', '1200', '630'],
  ]);
  expect(page).toContain('<html lang="en">');
  expect(page).not.toMatch(/https?:/);
});
