// Bundles worker.ts to worker.generated.ts: `npm run build:generated`.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'

const target = new URL('worker.generated.ts', import.meta.url)
const finished = new URL(`worker.${process.pid}.tmp`, import.meta.url)

const { outputFiles } = await build({
  entryPoints: [new URL('worker.ts', import.meta.url).pathname],
  bundle: true, write: false, minify: true, legalComments: 'none', format: 'cjs', platform: 'node', target: 'node20',
  // What a thread has no use for: hashes and decoders that only the main thread needs.
  external: ['@noble/hashes', 'fzstd'],
  define: { 'import.meta.url': 'undefined_url' },
  banner: { js: 'var undefined_url=require("node:url").pathToFileURL(__filename||"/").href;' },
})
const [bundle] = outputFiles
if (bundle === undefined) throw new Error('The worker did not bundle')
const code = `// Made from worker.ts by build-worker.mjs.

/** The program of a worker thread, ${bundle.contents.length} bytes of CommonJS. */
export const WORKER_CODE: string = ${JSON.stringify(bundle.text)}
`
// Renamed into place: tests that run at the same time see the old file or the new one.
if (code !== (await readFile(target, 'utf8').catch(() => ''))) {
  await writeFile(finished, code)
  await rename(finished, target)
}
