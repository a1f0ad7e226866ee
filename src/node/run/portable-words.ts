import { isAbsolute, join, relative, resolve, sep } from 'node:path'

interface Places {
  /** Where the command is started. */
  readonly folder: string
  /** What of that is below the top of the code, with `/`. */
  readonly below: string
  /** What the command is to write, relative to the folder, by name. */
  readonly outputs: Readonly<Record<string, string>>
}

/**
 * The words of a command as they mean the same in another place: absolute paths of outputs become their placeholders, and those into the code become relative to where the command is started. Run again
 * elsewhere it then reads the code that was recorded, and writes nothing over what it wrote.
 */
export function portableWords(words: readonly string[], { folder, below, outputs }: Places): readonly string[] {
  const cwd = resolve(folder)
  const top = resolve(cwd, ...(below === '' ? [] : below.split('/').map(() => '..')))
  const written = new Map(Object.entries(outputs).map(([name, path]) => [resolve(cwd, path), name]))
  return words.map((word, at) => {
    if (!isAbsolute(word)) return word
    const output = written.get(resolve(word))
    if (output !== undefined) return `{outputs.${output}}`
    const inCode = relative(top, resolve(word))
    if (inCode === '' || inCode.split(sep)[0] === '..' || isAbsolute(inCode)) return word
    const path = relative(cwd, join(top, inCode)) || '.'
    const portable = path.split(sep).join('/').replaceAll(/[{}]/g, '$&$&')
    // A program without a slash would be looked for on the search path.
    return at === 0 && !portable.includes('/') ? `./${portable}` : portable
  })
}
