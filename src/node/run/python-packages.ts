import type { PythonState } from '../../run/capture-interface.ts'
import type { FoundRun } from '../../run/find-run.ts'

/** File beside the code that lists what was installed for Python, as pip reads it. */
export const PYTHON_PACKAGES = 'python-packages.txt'

/** What pip installs the same from. */
export function pythonPackages({ started: { capture } }: FoundRun): string | undefined {
  return capture.python === null ? undefined : (capture.packages?.installed ?? []).map(({ name, version }) => `${name}==${version}\n`).join('')
}

/** How to get it, where the run looks for it if that is in the code. */
export function environmentWords({ environment }: PythonState): string {
  const isInCode = environment !== null && !/^([\\/]|[A-Za-z]:)/.test(environment)
  const place = isInCode ? `code/${environment}` : 'venv'
  const install = `\`python3 -m venv ${place}\` and \`${place}/bin/python -m pip install -r ${PYTHON_PACKAGES}\``
  return isInCode ? `${install} make the environment that the command starts` : `${install} make an environment with it, whose \`bin\` comes first in PATH then`
}

/** A line of a Dockerfile that does so in an image that has Python. */
export function pythonInstall({ environment }: PythonState, folder: string): string {
  const pip = environment === null ? 'python3 -m pip' : `python3 -m venv ${JSON.stringify(environment)} && ${JSON.stringify(`${environment}/bin/python`)} -m pip`
  return `RUN ${pip} install --no-cache-dir -r ${folder}/${PYTHON_PACKAGES}`
}
