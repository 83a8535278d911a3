/** How the reference page says what a JSON Schema of the OpenAPI document allows: its type and its bounds in words. */
import { html } from 'hono/html';

/** What `hono/html` makes: text that is escaped already. */
export type Html = ReturnType<typeof html>;

/** The part of JSON Schema 2020-12 that our document uses. */
export type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  description?: string;
  default?: unknown;
  example?: unknown;
  format?: string;
  pattern?: string;
} & Partial<Record<(typeof BOUNDS)[number][0], number>>;

const BOUNDS = [
  ['minimum', 'at least'],
  ['maximum', 'at most'],
  ['exclusiveMinimum', 'above'],
  ['exclusiveMaximum', 'below'],
  ['minLength', 'min. characters'],
  ['maxLength', 'max. characters'],
  ['minItems', 'min. items'],
  ['maxItems', 'max. items'],
] as const;
/** What a generator writes for an integer without a bound; it tells a reader nothing. */
const isRealBound = (n: number | undefined): n is number =>
  n !== undefined && Math.abs(n) < Number.MAX_SAFE_INTEGER;
const UUID_PATTERN = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

/** The name behind a reference to a component. */
const nameOf = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1);

/** The anchor of a component's place on the page. */
export const anchorOf = (name: string): string => `schema-${name}`;

/** A sentence of the document; what stands between backticks is code. */
export const prose = (text: string): Html =>
  html`${text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part))}`;

/** The alternatives of a schema: itself where it has none. */
const alternatives = (s: Schema): Schema[] => s.anyOf ?? s.oneOf ?? s.allOf ?? [];

/** The type in a few words, with links to the components that it names. */
export function typeOf(s: Schema): Html {
  if (s.$ref !== undefined) {
    const name = nameOf(s.$ref);
    return html`<a href="#${anchorOf(name)}">${name}</a>`;
  }
  if (s.const !== undefined) return html`<code>${JSON.stringify(s.const)}</code>`;
  if (s.enum !== undefined)
    return html`${s.enum.map((v, i) => html`${i === 0 ? '' : ' | '}<code>${JSON.stringify(v)}</code>`)}`;
  const parts = alternatives(s);
  if (parts.length > 1 && s.allOf === undefined && parts.every((part) => part.type === 'object'))
    return html`one of ${parts.length} objects`;
  if (parts.length > 0) {
    const glue = s.allOf === undefined ? ' or ' : ' and ';
    return html`${parts.map((part, i) => html`${i === 0 ? '' : glue}${typeOf(part)}${boundsOf(part)}`)}`;
  }
  if (s.type === 'array') return html`list of ${typeOf(s.items ?? {})}`;
  const named =
    s.pattern === UUID_PATTERN ? 'uuid' : (s.format ?? [s.type ?? 'any value'].flat().join(' or '));
  return html`${named}`;
}

/** Bounds, pattern, default and example in words; empty where there are none. */
export function boundsOf(s: Schema): Html {
  const bounds = BOUNDS.flatMap(([key, words]) => (isRealBound(s[key]) ? [html`${words} ${s[key]}`] : []));
  const said = [
    ...bounds,
    ...(s.pattern === undefined || s.pattern === UUID_PATTERN
      ? []
      : [html`matches <code>${s.pattern}</code>`]),
    ...(s.default === undefined ? [] : [html`default <code>${JSON.stringify(s.default)}</code>`]),
    ...(s.example === undefined ? [] : [html`such as <code>${JSON.stringify(s.example)}</code>`]),
  ];
  return html`${said.map((one) => html`; ${one}`)}`;
}

/** The members of an object, of a list's items or of alternatives, as nested lists; empty where there are none. */
export function membersOf(s: Schema): Html | '' {
  if (s.items !== undefined) return membersOf(s.items);
  const parts = alternatives(s)
    .map(membersOf)
    .filter((part) => part !== '');
  if (parts.length > 0) return html`${parts}`;
  const members = Object.entries(s.properties ?? {});
  if (members.length === 0) return '';
  return html`<ul class="members">${members.map(([name, member]) => {
    const required = s.required?.includes(name) === true;
    return memberLine(name, member, required);
  })}</ul>`;
}

/** One line of a list of members or parameters. */
export const memberLine = (name: string, s: Schema, required: boolean, description = s.description): Html =>
  html`<li><code class="name">${name}</code> <span class="type">${typeOf(s)}${required ? '' : ', optional'}${boundsOf(s)}</span>${
    description === undefined ? '' : html`<br>${prose(description)}`
  }${membersOf(s)}</li>`;
