// Programs with one protection taken out: a named piece of one source file is replaced while it is bundled. A piece that
// is not there exactly once fails the build, so that a mutation cannot quietly become none.
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { REPOSITORY } from '../../infra/local/worker-bundle.ts';
import type { BrokerProgram } from './broker-site.ts';
import type { Program } from './stage.ts';

/** `pieces`: what is replaced, and by what. */
export type Mutation = {
  in: 'worker' | 'broker';
  file: string;
  pieces: readonly (readonly [string, string])[];
};

/** Bundles the program that the mutation is in into a folder in `inFolder`; what it leaves alone is the stack's own. */
export async function mutated(mutation: Mutation, inFolder: string): Promise<Program> {
  const folder = await mkdtemp(join(inFolder, 'mutant-'));
  return mutation.in === 'worker'
    ? { worker: await mutatedWorker(mutation, folder), broker: undefined }
    : { worker: null, broker: await mutatedBroker(mutation, folder) };
}

/** As the production bundle, for the same runtime; not minified, because nobody measures it. */
async function mutatedWorker(mutation: Mutation, folder: string): Promise<string> {
  await build({
    entryPoints: { worker: join(REPOSITORY, 'functions/worker.ts') },
    outdir: folder,
    ...{ bundle: true, format: 'esm', target: 'es2024', logLevel: 'silent', platform: 'browser' },
    conditions: ['workerd', 'worker', 'browser'],
    external: ['node:*', 'cloudflare:*'],
    loader: { '.wasm': 'copy', '.ttf': 'binary', '.woff': 'binary' },
    plugins: [replacing(mutation)],
  });
  return folder;
}

async function mutatedBroker(mutation: Mutation, folder: string): Promise<BrokerProgram> {
  const outfile = join(folder, 'broker.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'broker-program.ts')],
    outfile,
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node24', logLevel: 'silent' },
    plugins: [replacing(mutation)],
  });
  return import(/* @vite-ignore */ pathToFileURL(outfile).href);
}

/** Bundles a module for this process, with the mutation in it, and loads it. */
export async function mutatedModule<T>(
  mutation: Pick<Mutation, 'file' | 'pieces'>,
  entry: string,
  inFolder: string,
): Promise<T> {
  const outfile = join(await mkdtemp(join(inFolder, 'mutant-')), 'module.mjs');
  await build({
    entryPoints: [join(REPOSITORY, entry)],
    outfile,
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node24', logLevel: 'silent' },
    loader: { '.wasm': 'binary', '.ttf': 'binary', '.woff': 'binary' },
    // Packages that are no modules ask for Node's own by a function that a module does not have.
    banner: {
      js: `import { createRequire as requireFor } from 'node:module'; const require = requireFor(${JSON.stringify(pathToFileURL(outfile).href)});`,
    },
    plugins: [replacing(mutation)],
  });
  return import(/* @vite-ignore */ pathToFileURL(outfile).href);
}

function replacing({ file, pieces }: Pick<Mutation, 'file' | 'pieces'>): Plugin {
  const path = join(REPOSITORY, file);
  return {
    name: 'mutation',
    setup(hooks) {
      let met = false;
      hooks.onLoad({ filter: /\.ts$/ }, async (source) => {
        if (source.path !== path) return null;
        const text = await readFile(path, 'utf8');
        met = true;
        return { contents: pieces.reduce((left, p) => replacedOnce(file, left, p), text), loader: 'ts' };
      });
      hooks.onEnd(() => {
        if (!met) throw new Error(`${file} is no part of the program`);
      });
    },
  };
}

function replacedOnce(file: string, text: string, [piece, becomes]: readonly [string, string]): string {
  const times = text.split(piece).length - 1;
  if (times !== 1) throw new Error(`${file} has ${times} times: ${piece}`);
  return text.replace(piece, () => becomes);
}
