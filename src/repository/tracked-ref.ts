const TRACKED = '_varve/remotes/'

/** The ref under which a ref of a remote is remembered: `raw` of `origin` is `_varve/remotes/origin/raw`. */
export function trackedName(remote: string, ref: string): string {
  return `${TRACKED}${remote}/${ref}`
}

/** The ref that `origin/raw` means where there is no ref of that name; undefined for what cannot be one of a remote. */
export function trackedRef(text: string): string | undefined {
  return text.includes('/') ? `${TRACKED}${text}` : undefined
}

/** `origin/raw` for the ref that remembers it; undefined for any other. */
export function shownTracked(name: string): string | undefined {
  return name.startsWith(TRACKED) ? name.slice(TRACKED.length) : undefined
}

/** What the names begin with of refs that remember those of remotes which begin with `prefix`: `origin/ra`. */
export function trackedPrefix(prefix: string): string {
  return `${TRACKED}${prefix}`
}
