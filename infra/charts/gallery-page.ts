/** The page of the gallery: one section per subject, a figure per picture; it loads nothing but the pictures beside it. */
import { escapeXml } from '../../functions/charts/svg-writer.ts';

export type Picture = {
  file: string;
  subject: string;
  /** The subject in words. */
  heading: string;
  theme: string;
  size: string;
  /** Device pixels. */
  width: number;
  height: number;
  alt: string;
};

const TITLE = 'Gallery of charts: every kind, theme and size';
const STYLE = `
body { margin: 0 auto; max-width: 80rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #131722; background: #fff; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; list-style: none; }
section > div { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 34rem), 1fr)); gap: 1.5rem; }
figure { margin: 0; }
img { display: block; width: 100%; height: auto; border: 1px solid #8a92a3; }
@media (prefers-color-scheme: dark) { body { color: #dfe3eb; background: #131722; } a { color: #6ea8ff; } }
`;

/** A picture in a link that has the caption in it, so that no two links of a subject have one name. */
function figure({ file, heading, theme, size, width, height, alt }: Picture): string {
  const href = escapeXml(encodeURIComponent(file));
  const caption = escapeXml(`${heading}, ${theme}, ${size}`);
  return (
    `<a href="${href}"><figure><img src="${href}" width="${width}" height="${height}" loading="lazy" ` +
    `alt="${escapeXml(alt)}"><figcaption>${caption}</figcaption></figure></a>`
  );
}

/** The page; pictures of one subject stand together, in the order in which they come. */
export function galleryPage(pictures: readonly Picture[]): string {
  const subjects = [...Map.groupBy(pictures, ({ subject }) => subject)];
  const headingOf = (name: string, of: readonly Picture[]): string => escapeXml(of[0]?.heading ?? name);
  const links = subjects.map(
    ([name, of]) => `<li><a href="#${escapeXml(name)}">${headingOf(name, of)}</a></li>`,
  );
  const sections = subjects.map(
    ([name, of]) =>
      `<section id="${escapeXml(name)}"><h2>${headingOf(name, of)}</h2><div>${of.map(figure).join('\n')}</div></section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'">
<title>${TITLE}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${TITLE}</h1>
<nav aria-label="Kinds of chart"><ul>${links.join('')}</ul></nav>
<main>
${sections.join('\n')}
</main>
</body>
</html>
`;
}
