import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/**
 * What is no public export is bundled from its sources.
 * @param {readonly string[]} modules paths below `src`, without `.ts`
 * @returns {Promise<any>}
 */
export async function loadSources(modules) {
  const folder = mkdtempSync(join(tmpdir(), 'varve-bench-sources-'))
  const outfile = join(folder, 'varve.mjs')
  const contents = modules.map((name) => `export * from './${name}.ts'`).join('\n')
  // What packages written for CommonJS ask for.
  const banner = { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url)" }
  await build({ stdin: { contents, resolveDir: fileURLToPath(new URL('../../src', import.meta.url)) }, bundle: true, outfile, platform: 'node', format: 'esm', target: 'node20', banner })
  try {
    return await import(pathToFileURL(outfile).href)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
