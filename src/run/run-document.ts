import { type CID, cidText } from '../cid/cid.ts'
import type { CidText } from '../types.ts'
import type { FoundRun } from './find-run.ts'
import { runInfo } from './find-run.ts'
import type { RunStart } from './interface.ts'

/** All that is recorded of a run, as plain data, ready for JSON. */
export function runDocument(run: FoundRun): object {
  const { started, ended } = run
  const { name: _name, tags: _tags, started: _started, inputs, code, reproduces, config, nonce: _nonce, ...rest } = started
  return {
    ...runInfo(run), reason: ended?.reason ?? null, exitCode: ended?.exitCode ?? null, signal: ended?.signal ?? null,
    inputs: inputs.map((input) => ({ name: input.name, revision: input.revision, snapshot: textOrNull(input.snapshot), root: cidText(input.root) })),
    code: textOrNull(code), reproduces: textOrNull(reproduces), ...rest, config: config.values, configHash: config.hash, configEntries: config.entries,
    artifacts: (ended?.artifacts ?? []).map(({ root, ...artifact }) => ({ ...artifact, root: cidText(root) })), metrics: textOrNull(ended?.metrics ?? null), log: textOrNull(ended?.log ?? null),
  } satisfies object & { readonly command: RunStart['command'] }
}

function textOrNull(cid: CID | null): CidText | null {
  return cid === null ? null : cidText(cid)
}
