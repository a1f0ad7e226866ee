import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { NotFoundError } from '../../errors.ts'
import { MOST_DVC_FILE_BYTES, readBounded } from './read-bounded.ts'

/** The folder that holds `.dvc/`: this one, or the nearest above. @throws NotFoundError if there is none */
export function projectOf(folder: string): string {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (existsSync(join(at, '.dvc'))) return at
    if (dirname(at) === at) break
  }
  throw new NotFoundError(`${folder} is in no DVC project: neither it nor a folder above has .dvc/`, { data: { folder }, hint: 'Name a .dvc file, or the folder of a DVC project.' })
}

/** Where the project keeps the content of its files: what `.dvc/config.local` or `.dvc/config` says, else `.dvc/cache`. */
export async function cacheFolderOf(project: string): Promise<string> {
  const settings = join(project, '.dvc')
  for (const name of ['config.local', 'config']) {
    const bytes = await readBounded(join(settings, name), MOST_DVC_FILE_BYTES)
    const folder = bytes === undefined ? undefined : cacheSetting(bytes.toString('utf8'))
    // What is relative there is so to the file's own folder.
    if (folder !== undefined) return resolve(settings, folder)
  }
  return join(settings, 'cache')
}

/** The value of `dir` in the section `[cache]`. */
export function cacheSetting(config: string): string | undefined {
  let section = ''
  let found: string | undefined
  for (const line of config.split(/\r?\n/)) {
    const head = /^\s*\[(.*)\]\s*(?:#.*)?$/.exec(line)
    if (head !== null) section = (head[1] as string).trim()
    const [, key, value = ''] = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (section === 'cache' && key === 'dir') found = unquoted(value)
  }
  return found === '' ? undefined : found
}

function unquoted(value: string): string {
  const [, , inner] = /^(["'])(.*?)\1\s*(?:#.*)?$/.exec(value) ?? []
  return inner ?? value.replace(/\s+#.*$/, '')
}
