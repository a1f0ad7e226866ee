import { readFileSync } from 'node:fs'

/** Where engines keep what they mount into a container, or what they call its group of processes: Docker, Podman, containerd and CRI-O below Kubernetes. */
const SHAPES: readonly RegExp[] = [/\/(?:overlay-)?containers\/([0-9a-f]{64})\//, /(?:\/docker\/|(?:docker|libpod|cri-containerd|crio)-)([0-9a-f]{64})(?:\.scope)?$/m, /\/kubepods\S*\/([0-9a-f]{64})$/m]

/** The id of the container that this process runs in, 64 hex digits, as the system tells it; undefined if it does not. @param read for tests */
export function ownContainerId(read: (path: string) => string = readText): string | undefined {
  for (const path of ['/proc/self/mountinfo', '/proc/self/cgroup']) {
    const text = read(path)
    for (const shape of SHAPES) {
      const id = shape.exec(text)?.[1]
      if (id !== undefined) return id
    }
  }
  return undefined
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
