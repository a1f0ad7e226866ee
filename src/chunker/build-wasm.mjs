// Compiles fastcdc.wat to fastcdc-wasm.generated.ts: `npm run build:wasm`. Does nothing if that file was made from the same sources.
import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'

const source = new URL('fastcdc.wat', import.meta.url)
const target = new URL('fastcdc-wasm.generated.ts', import.meta.url)
const finished = new URL(`fastcdc-wasm.${process.pid}.tmp`, import.meta.url)

const text = await readFile(source, 'utf8')
// A digest and not the files' times: a checkout or a copy changes those.
const stamp = createHash('sha256').update(text).update(await readFile(new URL(import.meta.url))).digest('hex')
const present = await readFile(target, 'utf8').catch((error) => {
  if (error.code === 'ENOENT') return ''
  throw error
})

if (!present.includes(stamp)) {
  const { default: loadWabt } = await import('wabt')
  const wabt = await loadWabt()
  const compile = (wat) => {
    const parsed = wabt.parseWat('fastcdc.wat', wat, { threads: true })
    const { buffer } = parsed.toBinary({ write_debug_names: false })
    parsed.destroy()
    // Not the compiler's own validation, which knows no shared memory.
    if (!WebAssembly.validate(buffer)) throw new Error('fastcdc.wat does not compile to a valid module')
    return Buffer.from(buffer).toString('base64')
  }
  // A module says whether its memory is shared, and then how large it can be at most.
  const shared = text.replace('(memory 1)', '(memory 1 65536 shared)')
  if (shared === text) throw new Error('fastcdc.wat does not import its memory as this script expects')
  const code = `// Made from fastcdc.wat by build-wasm.mjs. Sources: ${stamp}
const BASE64 = '${compile(text)}'
const BASE64_SHARED = '${compile(shared)}'

/** The compiled module, for memory of its own, or for memory that several threads share. */
export function fastcdcWasm(memory: 'own' | 'shared'): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(memory === 'own' ? BASE64 : BASE64_SHARED), (character) => character.charCodeAt(0))
}
`
  // Renamed into place: tests that run at the same time see the old file or the new one.
  await writeFile(finished, code)
  await rename(finished, target)
}
