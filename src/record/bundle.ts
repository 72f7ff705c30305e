import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The in-page recorder as one script, without any trace in the global scope but its two names. */
export async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../extension/capture/scripted.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'chrome136', // RegExp.escape
    minify: true,
    legalComments: 'none',
  });
  const [file] = outputFiles;
  if (!file) throw new Error('expected one bundle of the in-page recorder, got none');
  return file.text;
}
