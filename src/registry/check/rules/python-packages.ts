import type { PackageState, PythonState } from '../../../run/capture-interface.ts'
import type { Verdict } from '../interface.ts'
import { counted, declared, missing, someOf } from '../verdicts.ts'

/** Lock files that are compared with what the interpreter says; of others it is only known which they are. */
const COMPARED = /(^|\/)(requirements[\w.-]*\.txt|uv\.lock|poetry\.lock|pdm\.lock|Pipfile\.lock)$/

/** For a command that starts Python: what its interpreter had installed is what the lock file says, and that has a hash of each. */
export function checkPythonPackages({ version, isHashed }: PythonState, { lockFile: lock, installed, differences }: PackageState): Verdict {
  if (lock === null) return missing(`No lock file of Python was recorded; Python ${version} had ${counted(installed.length, 'package')}`, 'Lock what is installed (`uv lock`, `poetry lock`, or `pip-compile --generate-hashes`) and keep the lock file beside the code.')
  if (!COMPARED.test(lock.path)) return missing(`${lock.path} was recorded (SHA-256 ${lock.sha256}), but varve cannot compare it with what is installed`, 'Keep a requirements.txt, uv.lock, poetry.lock or Pipfile.lock beside the code, or waive this with the pinned container image as the reason.')
  if (differences.length > 0) return missing(`${lock.path} is not what is installed for Python ${version}: ${someOf(differences)}`, 'Install what the lock file says (`pip install -r`, `uv sync`, `poetry sync`), or lock what is installed, and run again.')
  if (!isHashed) return missing(`${counted(installed.length, 'package')} as in ${lock.path}, which has no hashes of all of them`, 'Lock them with hashes: `pip-compile --generate-hashes`, `uv lock` or `poetry lock`.')
  // pip compares hashes as it installs, and keeps no note of it.
  return declared(`${counted(installed.length, 'package')} at the versions of ${lock.path} (SHA-256 ${lock.sha256}), which has their hashes, by what Python ${version} says`)
}
