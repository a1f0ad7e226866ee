import { cidText } from '../../cid/cid.ts'
import type { FoundRun } from '../../run/find-run.ts'

const MOST_PACKAGES = 20

/** What a person has to do to run it again, and what must come out. */
export function reproduceText({ label, start, started, ended }: FoundRun, container: string | undefined): string {
  const { capture, config, inputs } = started
  const { git, packages, runtime } = capture
  const lines = [
    `# ${label}`, '', `Run ${cidText(start)}, begun ${started.started}${started.why === null ? '' : `: ${started.why}`}.`, '',
    '## What is here', '',
    `- \`code/\`: ${started.code === null ? 'nothing: the code could not be stored' : `the working tree as it was, uncommitted work included (root ${cidText(started.code)})`}${git?.commit == null ? '' : `; commit ${git.commit}${git.dirty.length === 0 ? '' : `, and ${git.dirty.length} paths that differed from it`}`}`,
    ...inputs.map(({ name, revision, root }) => `- \`inputs/${name}/\`: ${revision}, root ${cidText(root)}`),
    `- \`config.json\`: the configuration (SHA-256 of the canonical JSON: ${config.hash}); \`run.json\` says where each value is from`,
    ...(container === undefined ? [] : [`- \`Dockerfile\`: from ${container}`]), '',
    '## To run it again', '',
    `1. Use Node ${runtime.versions['node'] ?? '(unknown)'} on ${runtime.platform} ${runtime.architecture} (${runtime.system})${capture.container === null ? '' : `, in the container image ${capture.container.digest}`}.`,
    packages?.lockFile == null ? '2. Install what the code imports; no lock file was recorded.' : `2. In \`code/\`, install what ${packages.lockFile.path} says (SHA-256 ${packages.lockFile.sha256}), such as with \`npm ci\`.`,
    ...(packages?.differences ?? []).slice(0, MOST_PACKAGES).map((difference) => `   It was run with something else installed: ${difference}.`),
    `3. In \`code/${started.cwd}\`, with VARVE_SEED=${started.seed}, VARVE_CONFIG=<this folder>/config.json${inputs.map(({ name }) => `, VARVE_INPUT_${name.toUpperCase().replaceAll('-', '_')}=<this folder>/inputs/${name}`).join('')}, run:`, '',
    `       ${(started.command ?? capture.argv).map(shellWord).join(' ')}`, '',
    `   where {inputs.name} stands for the folder of an input, {outputs.name} for where to write, {config.key} for a value of the configuration and {seed} for ${started.seed}.`, '',
    '## What must come out', '',
    ended === null ? 'The run is not over.' : `It ${ended.status}${ended.reason === null ? '' : `: ${ended.reason}`}.`,
    ...(ended?.artifacts ?? []).map(({ name, root, files, bytes }) => `- ${name}: root ${cidText(root)}, ${files} files, ${bytes} bytes (\`varve hash <folder>\` prints it)`),
    ...Object.entries(ended?.final ?? {}).map(([name, value]) => `- ${name}: ${value}`),
    ...(capture.missing.length === 0 ? [] : ['', '## What could not be recorded', '', ...capture.missing.map((sentence) => `- ${sentence}`)]),
  ]
  return `${lines.join('\n')}\n`
}

function shellWord(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
