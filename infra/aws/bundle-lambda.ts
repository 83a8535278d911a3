import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** The door every Lambda function enters by; exports `api`, `scheduled` and `queue`. */
export const LAMBDA_ENTRY = join(import.meta.dirname, '../../functions/lambda.ts');

/**
 * What a few CommonJS dependencies still reach for. An ES module has no `require`, so without this the
 * bundle loads here and fails on its first request there.
 */
const REQUIRE_BANNER =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/**
 * Bundles `functions/lambda.ts` with everything it needs into `<outdir>/lambda.mjs`, and its source map beside it.
 * The contract tests run this very file and the stack deploys it. Nothing is left external but Node's own
 * modules: no AWS SDK is used, because calls to AWS are signed with aws4fetch.
 *
 * @param outdir folder to write to; made if absent
 * @returns the bundle's size in bytes, plain and gzipped
 * @throws esbuild's BuildFailure if an import cannot be resolved
 */
export async function bundleLambda(outdir: string): Promise<{ bytes: number; gzipBytes: number }> {
  const outfile = join(outdir, 'lambda.mjs');
  await build({
    entryPoints: [LAMBDA_ENTRY],
    outfile,
    bundle: true,
    minify: true,
    // esbuild renames classes when it minifies, and an error's name is what the log and the breaker go by.
    keepNames: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // For Node esbuild would take `main` first, which is the CommonJS copy where a package has both.
    mainFields: ['module', 'main'],
    external: [],
    // The WebAssembly of satori and resvg, and the fonts, become bytes in the file: a Lambda reads no disk.
    loader: { '.wasm': 'binary', '.ttf': 'binary', '.woff': 'binary', '.json': 'json' },
    banner: { js: REQUIRE_BANNER },
    sourcemap: 'external',
    legalComments: 'none',
    logLevel: 'silent',
  });
  const code = await readFile(outfile);
  return { bytes: code.byteLength, gzipBytes: gzipSync(code).byteLength };
}
