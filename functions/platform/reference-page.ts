/**
 * The API for people: one plain page made of the OpenAPI document, with no script and nothing from elsewhere. Its one
 * style is allowed by its hash. Every text of the document is escaped by `hono/html`.
 */
import { html, raw } from 'hono/html';
import { toBase64, utf8 } from './encoding.ts';
import {
  anchorOf,
  type Html,
  memberLine,
  membersOf,
  prose,
  type Schema,
  typeOf,
} from './reference-schema.ts';

type Content = Record<string, { schema?: Schema }>;
type Operation = {
  tags?: string[];
  summary?: string;
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: Schema }[];
  requestBody?: { content?: Content };
  responses?: Record<string, { description?: string; content?: Content }>;
};
/** The part of an OpenAPI 3.1 document that the page shows. */
export type ReferenceDocument = {
  info: { title: string; version: string; description?: string };
  paths?: Record<string, Record<string, Operation>>;
  components?: {
    schemas?: Record<string, Schema>;
    securitySchemes?: Record<string, { description?: string }>;
  };
};
type Entry = { method: string; path: string; operation: Operation; anchor: string };

const STYLE = `:root{color-scheme:light dark;--ink:#1b2430;--soft:#5a6675;--line:#d9dfe7;--ground:#fff;--link:#0b57c2}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf1;--soft:#a3afbd;--line:#36414e;--ground:#12171d;--link:#82b4ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}
main,header{max-width:56rem;margin:0 auto;padding:1rem}
header{padding-bottom:0}main{padding-top:0}
a{color:var(--link)}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--ground)}
h1{font-size:1.9rem;line-height:1.2;margin:.5rem 0}
h2{margin:1.5rem 0 .5rem;padding-top:.5rem;border-top:2px solid var(--line);text-transform:capitalize}
h3{font-size:1.05rem;margin:0;font-weight:600}
h4{font-size:.9rem;margin:.9rem 0 .2rem;color:var(--soft)}
code{font:.9em/1.4 ui-monospace,monospace}
nav ul{columns:20rem;column-gap:2rem;list-style:none;padding:0;margin:.3rem 0 1rem}
nav li{break-inside:avoid;margin:0;padding:.15rem 0}nav h3{text-transform:capitalize}
article{border:1px solid var(--line);border-radius:.5rem;padding:.9rem 1rem;margin:1rem 0;scroll-margin-top:1rem}
article p{margin:.3rem 0}
.method{display:inline-block;min-width:3.6rem;font-weight:700;color:var(--soft)}
.proof,.type{color:var(--soft);font-size:.92rem}
ul.members,ul.answers{margin:.2rem 0;padding-left:1.1rem}
ul.members ul.members{border-left:2px solid var(--line);margin-left:.1rem;padding-left:1.3rem}
ul.members+ul.members{margin-top:.7rem}
li{margin:.25rem 0}.name{font-weight:600}
summary{cursor:pointer;color:var(--soft);font-size:.9rem;margin-top:.8rem}`;

/** The order of methods in the document is that of its paths, and within a path this. */
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Renders the page and the policy that it is served with: nothing but its own style, by hash. */
export async function referencePage(d: ReferenceDocument): Promise<{ body: string; policy: string }> {
  const entries = Object.entries(d.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method): Entry[] => {
      const operation = item[method];
      const anchor = `${method}${path.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
      return operation === undefined ? [] : [{ method, path, operation, anchor }];
    }),
  );
  const tags = [...new Set(entries.map(tagOf))];
  const groups = tags.map((tag) => ({ tag, entries: entries.filter((e) => tagOf(e) === tag) }));
  const hash = toBase64(await crypto.subtle.digest('SHA-256', utf8(STYLE)));
  const page = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${d.info.title} API, version ${d.info.version}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#reference">Skip to the operations</a>
<header>
<h1>${d.info.title} API, version ${d.info.version}</h1>
<p>${d.info.description ?? ''}</p>
<p>Made of <a href="/openapi.json">/openapi.json</a>, which says the same to a program.</p>
${proofs(d)}
<nav aria-labelledby="contents"><h2 id="contents">Contents</h2>${groups.map(
    ({ tag, entries: of }) =>
      html`<h3>${tag}</h3><ul>${of.map(
        (e) => html`<li><a href="#${e.anchor}"><code>${e.method.toUpperCase()} ${e.path}</code></a></li>`,
      )}</ul>`,
  )}</nav>
</header>
<main id="reference">
${groups.map(({ tag, entries: of }) => html`<section><h2>${tag}</h2>${of.map(article)}</section>`)}
<section><h2>Shapes</h2>${Object.entries(d.components?.schemas ?? {}).map(shape)}</section>
</main>
</body>
</html>`;
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return { body: String(page), policy };
}

const tagOf = ({ operation }: Entry): string => operation.tags?.[0] ?? 'other';

const proofs = (d: ReferenceDocument): Html => {
  const schemes = Object.entries(d.components?.securitySchemes ?? {});
  return html`<ul>${schemes.map(([name, s]) => html`<li><code>${name}</code>: ${prose(s.description ?? '')}</li>`)}</ul>`;
};

function article({ method, path, operation, anchor }: Entry): Html {
  const needed = (operation.security ?? []).flatMap((one) => Object.keys(one));
  return html`<article id="${anchor}">
<h3><code class="method">${method.toUpperCase()}</code> <code>${path}</code></h3>
<p>${prose(operation.summary ?? '')}</p>
<p class="proof">Proof: ${needed.length === 0 ? 'none' : needed.join(' or ')}</p>
${parameters(operation)}${requestBody(operation)}${answers(operation)}
</article>`;
}

function parameters({ parameters: all = [] }: Operation): Html | '' {
  if (all.length === 0) return '';
  return html`<h4>Path and query</h4><ul class="members">${all.map((p) =>
    memberLine(p.name, p.schema ?? {}, p.required === true, p.description ?? p.schema?.description),
  )}</ul>`;
}

const requestBody = ({ requestBody: body }: Operation): Html | '' =>
  body === undefined ? '' : html`<h4>Body</h4>${contents(body.content ?? {})}`;

const contents = (content: Content): Html =>
  html`${Object.entries(content).map(
    ([type, { schema = {} }]) =>
      html`<p class="type"><code>${type}</code>: ${typeOf(schema)}</p>${membersOf(schema)}`,
  )}`;

/** What comes of it: the good answers with their shape, the refusals in a line each, folded away. */
function answers({ responses = {} }: Operation): Html {
  const all = Object.entries(responses);
  const good = all.filter(([status]) => status < '400');
  const refused = all.filter(([status]) => status >= '400');
  return html`<h4>Answers</h4><ul class="answers">${good.map(
    ([status, a]) =>
      html`<li><code class="name">${status}</code> ${prose(a.description ?? '')}${contents(a.content ?? {})}</li>`,
  )}</ul>${
    refused.length === 0
      ? ''
      : html`<details><summary>Refusals: ${refused.map(([status]) => status).join(', ')}</summary><ul class="answers">${refused.map(
          ([status, a]) => html`<li><code class="name">${status}</code> ${prose(a.description ?? '')}</li>`,
        )}</ul></details>`
  }`;
}

const shape = ([name, schema]: [string, Schema]): Html =>
  html`<article id="${anchorOf(name)}"><h3>${name}</h3>${
    schema.properties === undefined ? html`<p class="type">${typeOf(schema)}</p>` : ''
  }${membersOf(schema)}</article>`;
