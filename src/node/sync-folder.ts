import * as fs from 'node:fs'

/** Makes the names in a folder durable, where the system can. */
export function syncFolder(path: string | Buffer): void {
  // Windows cannot open a folder for this; NTFS journals names by itself.
  if (process.platform === 'win32') return
  const folder = fs.openSync(path, 'r')
  try {
    fs.fsyncSync(folder)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error
  } finally {
    fs.closeSync(folder)
  }
}
