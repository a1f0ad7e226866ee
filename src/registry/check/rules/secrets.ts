import { openManifest } from '../../../manifest/manifest.ts'
import { displayPath } from '../../../manifest/path.ts'
import { listChunks } from '../../../file/index.ts'
import { concatBytes } from '../../../bytes.ts'
import { type CID, RAW_CODE } from '../../../cid/cid.ts'
import type { BlockRepository } from '../../../repository/index.ts'
import type { RunStart } from '../../../run/interface.ts'
import { redactArguments, redactRemote, redactVariables } from '../../../run/redact.ts'
import { secretIn } from '../../../run/secret-shapes.ts'
import type { CheckRule } from '../interface.ts'
import { counted, missing, proven, someOf } from '../verdicts.ts'

/** Larger files are data or programs, and no code that somebody wrote. */
const MOST_FILE_SIZE_BYTES = 1024 * 1024

/** What looks like no secret may be one; that nothing known is there is what can be proven. */
export const secretsRule: CheckRule = {
  id: 'secrets', level: 'audit', title: 'No secret that can be recognised is in what was recorded: code, command line, environment, configuration, remotes',
  decide: async ({ repository, run, signal }) => {
    const { started } = run
    const found = [...secretsInRecord(started)]
    let files = 0
    if (started.code !== null) {
      for await (const { path, text } of textsIn(repository.blocks, started.code, signal)) {
        files++
        const what = secretIn(text)
        if (what !== undefined) found.push(`code:${path} (${what})`)
      }
    }
    if (found.length > 0) return missing(`It looks as if there were secrets in ${someOf(found)}`, 'Take them as worthless from now on and replace them; then run again without them.')
    const left = started.capture.redacted
    return proven(`None is known in ${counted(started.capture.argv.length + (started.command?.length ?? 0), 'word')} of command lines, ${counted(Object.keys(started.capture.environment).length, 'variable')}, ${counted(started.config.entries.length, 'value')} of the configuration and ${counted(files, 'file')} of code${left.length === 0 ? '' : `; left out when it was recorded: ${someOf(left)}`}`)
  },
}

function* secretsInRecord({ command, capture, config }: RunStart): Generator<string> {
  yield* redactArguments(command ?? [], 'command').where
  yield* redactArguments(capture.argv, 'argv').where
  yield* redactVariables(capture.environment, 'environment').where
  yield* redactVariables(Object.fromEntries(config.entries.flatMap(({ key, value }) => (typeof value === 'string' ? [[key, value]] : []))), 'config').where
  for (const [name, address] of Object.entries(capture.git?.remotes ?? {})) if (redactRemote(address).isSecret && redactRemote(address).value !== address) yield `git.remotes.${name}`
}

async function* textsIn(blocks: BlockRepository, root: CID, signal: AbortSignal | undefined): AsyncGenerator<{ readonly path: string; readonly text: string }> {
  for await (const { path, value } of (await openManifest(blocks, root)).entries()) {
    signal?.throwIfAborted()
    if ((value.kind !== 'file' && value.kind !== 'executable') || value.size > MOST_FILE_SIZE_BYTES) continue
    // Bytes as characters: the shapes of secrets are ASCII.
    yield { path: displayPath(path), text: new TextDecoder('latin1').decode(await contentOf(blocks, value)) }
  }
}

async function contentOf(blocks: BlockRepository, content: { readonly cid: CID; readonly size: number }): Promise<Uint8Array> {
  if (content.cid.code === RAW_CODE) return blocks.get(content.cid)
  const pieces: Uint8Array[] = []
  for await (const { cid } of listChunks(blocks, content)) pieces.push(await blocks.get(cid))
  return concatBytes(pieces)
}
