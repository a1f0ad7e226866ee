/** The environment of this process: of a run, it is part of what is to be recorded. An allowlist says what of it is (`capture/recorded-variables.ts`). */
export function ownVariables(): Readonly<Record<string, string | undefined>> {
  return process.env
}
