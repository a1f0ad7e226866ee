import { MalformedDataError, PipelineError } from '../../errors.ts'
import type { SourceMap, SourceValue } from '../../recipe/pipeline/interface.ts'
import { Problems } from '../../recipe/pipeline/problems.ts'
import type { readYaml as readYamlFile } from '../../recipe/pipeline/read-yaml.ts'

type ReadYaml = typeof readYamlFile

/** How an MD5 was taken: of the bytes, or, by DVC before version 3, of text with its line ends made LF. */
export type DvcHash = 'md5' | 'md5-dos2unix'

/** One file or folder that DVC tracks. */
export interface DvcOutput {
  /** As it is written; relative to the folder of the file that tells of it, joined by `/`. Not checked. */
  readonly path: string
  /** 32 hexadecimal digits: of the file, or of the list of a folder's files. */
  readonly md5: string
  readonly isFolder: boolean
  readonly hash: DvcHash
  readonly executable: boolean
}

const ADDRESS = /^\w+:\/\//
const MD5 = /^([0-9a-f]{32})(\.dir)?$/

/**
 * Reads a `.dvc` file. Of each output its path, `md5`, `hash` and `isexec` count.
 * @param name for messages
 * @throws MalformedDataError, with the line, for what is no YAML, has no outputs, or tracks them by anything but MD5
 */
export async function parseDvcFile(text: string, name: string): Promise<readonly DvcOutput[]> {
  // Loaded when it is needed: nothing else of the library reads YAML at once.
  const { readYaml } = await import('../../recipe/pipeline/read-yaml.ts')
  try {
    return read(readYaml, text, name)
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    throw new MalformedDataError(error.message, { cause: error, data: { path: name, problems: error.problems }, hint: 'Run `dvc add` or `dvc commit` to have it written anew, then import it again.' })
  }
}

function read(readYaml: ReadYaml, text: string, name: string): readonly DvcOutput[] {
  const problems = new Problems()
  const top = readYaml(text, name, problems)
  problems.throwIfAny()
  const nothing = { place: { file: name, line: 1, column: 1 }, path: '' }
  const outs = top?.kind === 'map' ? top.entries.get('outs')?.value : undefined
  if (top?.kind !== 'map' || outs?.kind !== 'list' || outs.items.length === 0) {
    problems.add(outs ?? top ?? nothing, 'A .dvc file has a list "outs" of what it tracks')
    problems.throwIfAny()
    return []
  }
  const folder = textAt(top, 'wdir') ?? '.'
  const outputs = outs.items.flatMap((item) => readOutput(item, folder, problems))
  problems.throwIfAny()
  return outputs
}

/** One entry of a list of outputs; none, and a problem, if it cannot be imported. */
export function readOutput(item: SourceValue, folder: string, problems: Problems): readonly DvcOutput[] {
  const refuse = (message: string): readonly DvcOutput[] => {
    problems.add(item, message)
    return []
  }
  if (item.kind !== 'map') return refuse('An output is a map with "path" and "md5"')
  const path = textAt(item, 'path')
  if (path === undefined || path === '') return refuse('An output needs a "path"')
  if (ADDRESS.test(path)) return refuse(`"${path}" is not in the project, and is not imported`)
  const hash = textAt(item, 'hash') ?? 'md5-dos2unix'
  if (hash !== 'md5' && hash !== 'md5-dos2unix') return refuse(`"${path}" is tracked by ${hash}; only MD5 can be imported`)
  const [, md5, suffix] = MD5.exec(textAt(item, 'md5') ?? '') ?? []
  if (md5 === undefined) return refuse(`"${path}" has no "md5" of 32 hexadecimal digits`)
  const executable = item.entries.get('isexec')?.value
  return [{ path: folder === '.' ? path : `${folder}/${path}`, md5, isFolder: suffix !== undefined, hash, executable: executable?.kind === 'scalar' && executable.value === true }]
}

/** Text, also where it looks like a number and stands without quotes. */
export function textAt(map: SourceMap, key: string): string | undefined {
  const value = map.entries.get(key)?.value
  if (value?.kind !== 'scalar' || value.value === null) return undefined
  return typeof value.value === 'string' ? value.value : value.written
}
