import type { Context } from '../context.ts'
import { MalformedDataError, UnsafePathError } from '../../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { shownPath, shownText } from '../format.ts'
import { readInputText } from '../input-file.ts'
import { usageError } from '../report-error.ts'
import { needRevisionPath } from '../revision-argument.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly check?: string
}

/** A proof is at most 13 blocks of 1 MiB in base64. */
const MAX_PROOF_SIZE_BYTES: number = 20 * 1024 * 1024

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve prove data:train/0.png > proof.json', 'evidence that the dataset holds this file with this content'],
    ['varve prove --check proof.json bafyreic7kq2m…', 'check it against a root that you trust; needs no repository'],
  ],
  configure(command) {
    command.argument('<rev:path|root>', 'what to prove; with --check the root to check against').option('--check <file>', 'check the proof in this file (- for stdin)')
  },
  async run(context, [text = ''], { check }) {
    if (check !== undefined) {
      await checkFile(context, check, text)
      return
    }
    const { revision, path } = needRevisionPath(text)
    await using repository = await context.open()
    await context.output.write(`${JSON.stringify(await repository.prove(revision, path), null, 2)}\n`)
  },
})

async function checkFile(context: Context, file: string, rootText: string): Promise<void> {
  const { parseCid } = await import('../../cid/cid.ts')
  const { checkProof } = await import('../../manifest/proof.ts')
  const { nodePlatform } = await import('../../node/node-platform.ts')
  if (rootText.includes(':')) throw usageError(`"${rootText}" is not a root`, 'With --check, give the root that you trust: varve prove --check <file> <root>')
  const root = parseCid(rootText)
  const hasher = nodePlatform.hasher(root.multihash.code === 0x1e ? 'blake3' : 'sha2-256')
  const text = await readInputText(file, MAX_PROOF_SIZE_BYTES)
  try {
    const { path, value } = await checkProof(hasher, parsed(text), root)
    const { pathToText } = await import('../../manifest/path-text.ts')
    const { entryInfo } = await import('../../dataset/compare.ts')
    const proven = { ok: true, root: rootText, path: pathToText(path), ...entryInfo(value) }
    await context.output.result(proven, () => [`the proof holds: ${rootText} has ${shownPath(proven.path)} (${proven.kind}${proven.cid === undefined ? '' : `, ${proven.cid}`})`])
  } catch (error) {
    if (!(error instanceof MalformedDataError || error instanceof UnsafePathError)) throw error
    process.exitCode = EXIT.no
    await context.output.result({ ok: false, root: rootText, reason: error.message }, () => [`the proof does not hold: ${shownText(error.message)}`])
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new MalformedDataError('This is not a proof: it is not JSON', { cause })
  }
}
