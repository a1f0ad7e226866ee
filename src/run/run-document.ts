import { type CID, cidText } from '../cid/cid.ts'
import type { CidText } from '../types.ts'
import type { ResolvedConfig } from './config/interface.ts'
import { type FoundRun, runInfo } from './find-run.ts'
import type { RunInfo, RunStart } from './interface.ts'

/** Plain data: links are texts of CIDs. */
export interface RunDocument extends RunInfo, Pick<RunStart, 'why' | 'seed' | 'command' | 'cwd' | 'outputs' | 'capture' | 'process'> {
  readonly reason: string | null
  readonly exitCode: number | null
  readonly signal: string | null
  readonly inputs: readonly { readonly name: string; readonly revision: string; readonly snapshot: CidText | null; readonly root: CidText }[]
  readonly code: CidText | null
  readonly config: ResolvedConfig['values']
  readonly configHash: string
  readonly configEntries: ResolvedConfig['entries']
  readonly artifacts: readonly { readonly name: string; readonly root: CidText; readonly files: number; readonly bytes: number }[]
  readonly metrics: CidText | null
  readonly log: CidText | null
}

/** All that is recorded of a run, as plain data, ready for JSON. */
export function runDocument(run: FoundRun): RunDocument {
  const { started, ended } = run
  const { name: _name, tags: _tags, started: _started, inputs, code, reproduces: _reproduces, config, nonce: _nonce, ...rest } = started
  return {
    ...runInfo(run), reason: ended?.reason ?? null, exitCode: ended?.exitCode ?? null, signal: ended?.signal ?? null,
    inputs: inputs.map((input) => ({ name: input.name, revision: input.revision, snapshot: textOrNull(input.snapshot), root: cidText(input.root) })),
    code: textOrNull(code), ...rest, config: config.values, configHash: config.hash, configEntries: config.entries,
    artifacts: (ended?.artifacts ?? []).map(({ root, ...artifact }) => ({ ...artifact, root: cidText(root) })), metrics: textOrNull(ended?.metrics ?? null), log: textOrNull(ended?.log ?? null),
  }
}

function textOrNull(cid: CID | null): CidText | null {
  return cid === null ? null : cidText(cid)
}
