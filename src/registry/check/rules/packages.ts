import type { Capture } from '../../../run/capture-interface.ts'
import type { CheckRule, Verdict } from '../interface.ts'
import { counted, declared, missing, someOf } from '../verdicts.ts'
import { checkPythonPackages } from './python-packages.ts'

export const packagesRule: CheckRule = {
  id: 'packages', level: 'reproducible', title: 'What was installed is what the lock file says, with the integrity of each package',
  decide: ({ run }) => checkPackages(run.started.capture),
}

/** The lock files that are compared with what is installed; of others it is only known which they are. */
const COMPARED = /(^|\/)(package-lock|npm-shrinkwrap)\.json$/

export function checkPackages({ packages, python, missing: notCaptured }: Pick<Capture, 'packages' | 'python' | 'missing'>): Verdict {
  if (python !== null && packages !== null) return checkPythonPackages(python, packages)
  const reasons = notCaptured.filter((sentence) => /install|lock file|packages/i.test(sentence))
  const because = reasons.length === 0 ? '' : ` (${someOf(reasons, 1)})`
  const lock = packages?.lockFile ?? null
  if (packages === null || lock === null) return missing(`No lock file was recorded${because}`, 'Install with npm, keep package-lock.json beside the code and run again.')
  if (packages.differences.length > 0) return missing(`${lock.path} is not what is installed: ${someOf(packages.differences)}`, 'Install what the lock file says (`npm ci`) and run again.')
  if (!COMPARED.test(lock.path)) return missing(`${lock.path} was recorded (SHA-256 ${lock.sha256}), but varve cannot compare it with what is installed${because}`, 'If the packages are part of a container image that is pinned, waive this with that as the reason.')
  if (packages.installed.length === 0 && reasons.length === 0) return declared(`${lock.path} (SHA-256 ${lock.sha256}) has no packages, and none were installed, by what npm noted`)
  if (packages.installed.length === 0) return missing(`${lock.path} was recorded, and not what is installed${because}`, 'Install with npm (`npm ci`), which leaves a list of what it installed, and run again.')
  const bare = packages.installed.filter(({ integrity }) => integrity === null)
  if (bare.length > 0) return missing(`Without integrity: ${someOf(bare.map(({ name, version }) => `${name} ${version}`))}`, 'Install them from a registry, or from git by a commit, so that the lock file has their integrity.')
  // Nobody has read the files: whoever edits node_modules leaves the list as it is.
  return declared(`${counted(packages.installed.length, 'package')} as in ${lock.path} (SHA-256 ${lock.sha256}), each with its integrity, by what npm noted as it installed them`)
}
