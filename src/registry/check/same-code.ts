import type { BlockSource } from '../../codec/interface.ts'
import { diffManifests } from '../../manifest/manifest.ts'
import { pathToText } from '../../manifest/path.ts'
import type { RunStart } from '../../run/interface.ts'

type CodeAndOutputs = Pick<RunStart, 'code' | 'cwd' | 'outputs'>

/** Whether two runs had the same code, but for what they themselves were to write: what a run before has left in the project is part of the working tree of the next. Reads the nodes that differ. */
export async function isSameCode(source: BlockSource, a: CodeAndOutputs, b: CodeAndOutputs): Promise<boolean> {
  if (a.code === null || b.code === null) return a.code === b.code
  if (a.code.equals(b.code)) return true
  const written = [a, b].flatMap(({ cwd, outputs }) => outputs.map(({ path }) => placeOf(cwd, path)))
  for await (const { path } of diffManifests(source, a.code, b.code)) {
    const text = pathToText(path)
    if (!written.some((place) => place !== '' && (text === place || text.startsWith(`${place}/`)))) return false
  }
  return true
}

/** Where an output is, from the top of the code; empty if it is elsewhere, or the top itself. */
function placeOf(cwd: string, path: string): string {
  const segments: string[] = []
  if (path.startsWith('/')) return ''
  for (const segment of `${cwd}/${path}`.split('/')) {
    if (segment === '..' && segments.pop() === undefined) return ''
    if (segment !== '' && segment !== '.' && segment !== '..') segments.push(segment)
  }
  return segments.join('/')
}
