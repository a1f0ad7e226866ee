import type { Capture } from './capture-interface.ts'
import type { RunStart } from './interface.ts'

/** Facts by name, for comparison. */
export type Facts = ReadonlyMap<string, string>

/** Versions of what was installed; of a package that is there more than once, all of them. */
export function packageFacts({ packages }: Capture): Facts {
  const found = new Map<string, string>()
  for (const { name, version } of packages?.installed ?? []) found.set(name, [found.get(name), version].filter((text) => text !== undefined).join(', '))
  return found
}

/** What the run was given by its machine, beside packages and code. */
export function runtimeFacts({ capture, process: { host }, command }: RunStart): Facts {
  const { runtime, container, packages, python, environment, ci, argv } = capture
  return known([
    ...Object.entries(runtime.versions),
    ['python', python === null ? null : `${python.implementation} ${python.version}`],
    ['options', runtime.execArgv.join(' ')],
    ['platform', `${runtime.platform} ${runtime.architecture}`],
    ['system', runtime.system],
    ['libc', runtime.libc],
    ['processor', `${runtime.cpu.model}, ${runtime.cpu.threads} threads`],
    ['memory', `${runtime.memoryBytes} bytes`],
    ['gpu', runtime.gpus === null ? null : runtime.gpus.join('; ')],
    ['container', container?.digest],
    ['lock file', packages?.lockFile?.sha256],
    ['command', (command ?? argv).join(' ')],
    ['host', host],
    ['ci', ci?.system],
    ...Object.entries(environment).map(([name, value]) => [`$${name}`, value] as const),
  ])
}

/** Where the code is from. */
export function codeFacts({ code, capture: { git } }: RunStart): Facts {
  return known([['root', code?.toString()], ['commit', git?.commit], ['branch', git?.branch], ['changed since', git === null ? null : `${git.dirty.length} files`], ['submodules', git?.submodules.map(({ path, commit, isDirty }) => `${path} ${commit}${isDirty ? ' changed' : ''}`).join('; ')]])
}

function known(facts: readonly (readonly [string, string | null | undefined])[]): Facts {
  return new Map(facts.flatMap(([name, value]) => (value === null || value === undefined ? [] : [[name, value] as const])))
}
