/** Where the program of child processes is: beside the built code, or, where the sources run as they are, where build-runner.mjs puts it. */
export const RUNNER: URL = new URL(import.meta.url.endsWith('.ts') ? 'runner/main.generated.mjs' : 'recipe-runner.js', import.meta.url)
