import type { Files } from './simulated-process.ts'

/** That a ref was promised to hold what it held at this point of its history, or something later. */
export interface RefPromise {
  readonly ref: string
  readonly at: number
}

/** All that a workload gave its refs to hold, in order, and what each root stands for. */
export class History {
  readonly #roots = new Map<string, (string | undefined)[]>()
  readonly #files = new Map<string, Files>()

  /** Notes what is about to be committed. Undefined: the ref is removed. @returns its point in the history of the ref */
  attempt(ref: string, root: string | undefined, files?: Files): number {
    let roots = this.#roots.get(ref)
    if (roots === undefined) this.#roots.set(ref, (roots = [undefined]))
    if (root !== undefined && files !== undefined) this.#files.set(root, files)
    if (roots.at(-1) !== root) roots.push(root)
    return roots.length - 1
  }

  /** The last point in the history of a ref at which it held this. */
  point(ref: string, root: string): number {
    return this.#roots.get(ref)?.lastIndexOf(root) ?? 0
  }

  files(root: string): Files | undefined {
    return this.#files.get(root)
  }

  /** Why what was found of a ref breaks a promise, or undefined. */
  breach(ref: string, found: string | undefined, promised: number): string | undefined {
    const roots = this.#roots.get(ref) ?? [undefined]
    const points = roots.flatMap((root, at) => (root === found ? [at] : []))
    if (points.some((at) => at >= promised)) return undefined
    return `${ref} holds ${found ?? 'nothing'}, which is ${points.length === 0 ? 'nothing it ever held' : `its state ${points.join(' and ')}`}; state ${promised} was promised`
  }
}
