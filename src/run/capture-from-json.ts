import type { JsonValue } from '../types.ts'
import { assertCaptureShape } from './capture-shape.ts'
import type { Capture, ContainerState, GitState, PackageState, PythonState, RuntimeState } from './capture-interface.ts'

type Fields = { readonly [key: string]: JsonValue }

const NO_GIT: GitState = { commit: null, branch: null, remotes: {}, isPushed: false, dirty: [], tree: null, submodules: [] }
const NO_PACKAGES: PackageState = { lockFile: null, installed: [], differences: [] }
const NO_PYTHON: PythonState = { command: [], implementation: 'unknown', version: 'unknown', executable: 'unknown', environment: null, isHashed: false }
const NO_RUNTIME: RuntimeState = { versions: {}, execArgv: [], platform: 'unknown', architecture: 'unknown', system: 'unknown', cpu: { model: 'unknown', threads: 0 }, memoryBytes: 0, libc: null, gpus: null }
const NO_CONTAINER: ContainerState = { digest: '', source: 'unknown' }
const NOTHING: Capture = { git: null, leftOut: [], packages: null, python: null, runtime: NO_RUNTIME, container: null, environment: {}, argv: [], ci: null, missing: [], redacted: [] }

/**
 * What a run captured, as it is told. Another minor version may have written less, or more: what it did not write is as if it had not been found, and what this one does not know stays.
 * A field of another shape than it should have counts as not written.
 * @throws MalformedDataError if something in a list or a map is not what belongs there
 */
export function captureFromJson(value: Fields): Capture {
  assertCaptureShape(value)
  const filled = fill(NOTHING as unknown as Fields, value) as unknown as Capture
  const part = <T>(name: keyof Capture, otherwise: T): T | null => (isFields(value[name]) ? (fill(otherwise as unknown as Fields, value[name]) as unknown as T) : null)
  return { ...filled, git: part('git', NO_GIT), packages: part('packages', NO_PACKAGES), python: part('python', NO_PYTHON), container: part('container', NO_CONTAINER), ci: part('ci', { system: 'unknown', run: null, url: null }) }
}

function fill(otherwise: Fields, value: Fields): Fields {
  const known = Object.entries(otherwise).map(([key, usual]) => [key, sameShape(usual, value[key]) ? (isFields(usual) && isFields(value[key]) ? fill(usual, value[key]) : (value[key] as JsonValue)) : usual] as const)
  return { ...value, ...Object.fromEntries(known) }
}

/** Null stands for anything. */
function sameShape(usual: JsonValue, value: JsonValue | undefined): boolean {
  if (value === undefined) return false
  if (usual === null || value === null) return usual === null
  return typeof usual === typeof value && Array.isArray(usual) === Array.isArray(value)
}

function isFields(value: JsonValue | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
