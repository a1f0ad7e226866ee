// Bundles runner/main.ts for tests that run the sources: `npm run build:generated`.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const target = new URL('runner/main.generated.mjs', import.meta.url)
const finished = new URL(`runner/main.${process.pid}.tmp`, import.meta.url)

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('runner/main.ts', import.meta.url))],
  bundle: true, write: false, legalComments: 'none', format: 'esm', platform: 'node', target: 'node20',
})
const [bundle] = outputFiles
if (bundle === undefined) throw new Error('The runner did not bundle')
// Renamed into place: tests that run at the same time see the old file or the new one.
if (bundle.text !== (await readFile(target, 'utf8').catch(() => ''))) {
  await writeFile(finished, bundle.text)
  await rename(finished, target)
}
