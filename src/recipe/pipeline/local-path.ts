/** Why a path or glob cannot be that of a file beside the pipeline file; undefined if it can. `..` is allowed: code may lie above. */
export function localPathProblem(path: string): string | undefined {
  if (path === '') return 'it is empty'
  if (/^([a-z][a-z0-9+.-]+:|[\\/])/i.test(path) || /^[a-z]:/i.test(path)) return 'it must be relative to the pipeline file'
  if (path.includes('\\')) return 'folders are joined by "/"'
  return path.includes('\0') ? 'it has a NUL in it' : undefined
}
