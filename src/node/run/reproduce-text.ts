import { cidText } from '../../cid/cid.ts'
import type { FoundRun } from '../../run/find-run.ts'
import { fetchedCommand } from './fetched-command.ts'
import { environmentWords, PYTHON_PACKAGES } from './python-packages.ts'

const MOST_PACKAGES = 20
/** What a person has to do to run it again, and what must come out. */
export function reproduceText(run: FoundRun, container: string | undefined): string {
  const { label, start, started, ended } = run
  const { capture, config, inputs } = started
  const { git, packages, python, runtime } = capture
  const command = fetchedCommand(run, '.')
  const lines = [
    `# ${label}`, '', `Run ${cidText(start)}, begun ${started.started}${started.why === null ? '' : `: ${started.why}`}.`, '',
    '## What is here', '',
    `- \`code/\`: ${started.code === null ? 'nothing: the code could not be stored' : `the working tree as it was, uncommitted work included (root ${cidText(started.code)})`}${git?.commit == null ? '' : `; commit ${git.commit}${git.dirty.length === 0 ? '' : `, and ${git.dirty.length} paths that differed from it`}`}`,
    ...inputs.map(({ name, revision, root }) => `- \`inputs/${name}/\`: ${revision}, root ${cidText(root)}`),
    `- \`config.json\`: the configuration (SHA-256 of the canonical JSON: ${config.hash}); \`run.json\` says where each value is from`,
    ...(container === undefined ? [] : [`- \`Dockerfile\`: from ${container}`]), '',
    '## To run it again', '',
    `1. It ran on ${runtime.platform} ${runtime.architecture} (${runtime.system}), with Node ${runtime.versions['node'] ?? '(unknown)'}${python === null ? '' : ` and ${python.implementation} ${python.version} (\`${python.command.map(shellWord).join(' ')}\`${python.command.length === 1 && python.command[0] === python.executable ? '' : `, which was ${python.executable}`})`}${capture.container === null ? '' : `, in the container image ${capture.container.digest}`}.`,
    packages?.lockFile == null ? '2. Install what the code imports; no lock file was recorded.' : `2. In \`code/\`, install what ${packages.lockFile.path} says (SHA-256 ${packages.lockFile.sha256})${installer(packages.lockFile.path)}.`,
    ...(python === null ? [] : [`   \`${PYTHON_PACKAGES}\` has what was installed for Python, each with its version: ${environmentWords(python)}.`]),
    ...(packages?.differences ?? []).slice(0, MOST_PACKAGES).map((difference) => `   It was run with something else installed: ${difference}.`),
    ...(command === undefined ? [
      `3. A program began it by itself. Its command line was \`${capture.argv.map(shellWord).join(' ')}\`: start the same from \`code/${started.cwd}\`, with a repository that has its inputs.`,
    ] : [
      `3. Run \`sh run.sh\`. It goes to \`code/${started.cwd}\`, sets ${Object.keys(command.variables).join(', ')}, and starts \`${command.words.map(shellWord).join(' ')}\`.`,
      `   What it makes is then in \`outputs/\`, or where it writes by itself; its metrics in \`metrics.jsonl\`.`,
    ]), '',
    '## What must come out', '',
    ended === null ? 'The run is not over.' : `It ${ended.status}${ended.reason === null ? '' : `: ${ended.reason}`}.`,
    ...(ended?.artifacts ?? []).map(({ name, root, files, bytes }) => `- ${name}: root ${cidText(root)}, ${files} ${files === 1 ? 'file' : 'files'}, ${bytes} bytes (\`varve hash\` of a folder with nothing else in it prints it)`),
    ...Object.entries(ended?.final ?? {}).map(([name, value]) => `- ${name}: ${value}`),
    ...(capture.missing.length === 0 ? [] : ['', '## What could not be recorded', '', ...capture.missing.map((sentence) => `- ${sentence}`)]),
  ]
  return `${lines.join('\n')}\n`
}

function installer(lockFile: string): string {
  if (/(^|\/)(package-lock|npm-shrinkwrap)\.json$/.test(lockFile)) return ': `npm ci`'
  if (/(^|\/)uv\.lock$/.test(lockFile)) return ': `uv sync --frozen`'
  if (/(^|\/)poetry\.lock$/.test(lockFile)) return ': `poetry sync`'
  if (/(^|\/)Pipfile\.lock$/.test(lockFile)) return ': `pipenv sync`'
  if (/(^|\/)environment\.ya?ml$/.test(lockFile)) return `: \`conda env create -f ${lockFile}\``
  return lockFile.endsWith('.txt') ? `: \`pip install -r ${lockFile}\`` : ''
}

function shellWord(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
