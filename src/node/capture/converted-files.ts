import { bytesOf, type ByteText } from '../byte-text.ts'
import type { WorkingTree } from './working-tree.ts'

/**
 * Of files whose bytes are not what git has of them, those that git would not store otherwise now either: neither line ends that it converts nor encodings explain the difference.
 * @param blobs ids of git by path
 */
export async function withoutConverted(paths: readonly ByteText[], blobs: ReadonlyMap<ByteText, string>, repositories: WorkingTree['repositories']): Promise<readonly ByteText[]> {
  const unexplained: ByteText[] = []
  // The innermost repository that a path is in has the longest prefix.
  const innermostFirst = [...repositories].sort((a, b) => b.prefix.length - a.prefix.length)
  const waiting = new Set(paths)
  for (const { prefix, git } of innermostFirst) {
    const own = [...waiting].filter((path) => path.startsWith(prefix))
    if (own.length === 0) continue
    for (const path of own) waiting.delete(path)
    const { ok, output } = await git.run(['hash-object', '--stdin-paths'], bytesOf(own.map((path) => `${quoted(path.slice(prefix.length))}\n`).join('') as ByteText))
    const ids = output.toString('latin1').split('\n')
    unexplained.push(...own.filter((path, index) => !ok || ids[index] !== blobs.get(path)))
  }
  return unexplained.sort()
}

/** As git reads a line that begins with a quote. */
function quoted(path: string): string {
  return `"${path.replace(/[\\"]/g, '\\$&').replace(/\p{Cc}/gu, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)}"`
}
