// The source as the architecture test reads it: every file once, its code without comments and types, its imports.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { init, parse } from 'es-module-lexer';
import { transformSync } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');
await init();

export type SourceFile = {
  /** Path from the repository's root, with `/`. */
  path: string;
  text: string;
  /** JavaScript alone: no types, no comments, strings and templates kept. */
  code: string;
  /** What is loaded at run time: bare package names, or paths from the root. */
  imports: string[];
  /** The same, and what only its types come from. */
  allImports: string[];
};

const STATEMENT = /^(?:import|export)\b[^;'"`]*?\bfrom\s*'([^']+)'/gm;
const SIDE_EFFECT = /^import\s*'([^']+)'/gm;

const resolved = (path: string, specifier: string): string =>
  specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : specifier;

/** Paths below `folder` whose name ends in `.ts`, sorted. */
export const filesBelow = (folder: string): string[] => ending(folder, '.ts');

/** The same for `.py`. */
export const pythonBelow = (folder: string): string[] => ending(folder, '.py');

const ending = (folder: string, end: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => join(folder, name))
    .sort();

/** Reads one Python file of the repository; its imports are modules, those of its own package with a dot in front. */
export function readPython(path: string): Pick<SourceFile, 'path' | 'text' | 'imports'> {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const found = text.matchAll(/^\s*(?:from (\S+) import|import (\S+))/gm);
  return { path, text, imports: [...found].map((m) => m[1] ?? m[2] ?? '') };
}

/** Reads one TypeScript file of the repository. */
export function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const { code } = transformSync(text, {
    loader: 'ts',
    sourcefile: path,
    format: 'esm',
    target: 'es2024',
    legalComments: 'none',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  const [found] = parse(code);
  const specifiers = found.map((i) => ('specifier' in i ? i.specifier : undefined));
  const atRunTime = specifiers.filter((s) => typeof s === 'string').map((s) => resolved(path, s));
  const written = [...text.matchAll(STATEMENT), ...text.matchAll(SIDE_EFFECT)].map((m) =>
    resolved(path, m[1] ?? ''),
  );
  return { path, text, code, imports: atRunTime, allImports: [...new Set([...atRunTime, ...written])] };
}
