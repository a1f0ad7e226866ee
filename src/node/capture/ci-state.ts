import type { CiState } from '../../run/capture-interface.ts'
import { redactRemote } from '../../run/redact.ts'
import type { Variables } from './git-command.ts'

/** Which job of a CI system this is, as the variables that the system sets say; null outside of CI. */
export function ciState(variables: Variables): CiState | null {
  const get = (name: string): string | null => (variables[name] === undefined || variables[name] === '' ? null : variables[name])
  if (get('GITHUB_ACTIONS') === 'true') return state('GitHub Actions', attempt(get('GITHUB_RUN_ID'), get('GITHUB_RUN_ATTEMPT')), gitHubUrl(get))
  if (get('GITLAB_CI') === 'true') return state('GitLab CI', get('CI_JOB_ID') ?? get('CI_PIPELINE_ID'), get('CI_JOB_URL') ?? get('CI_PIPELINE_URL'))
  if (get('BUILDKITE') === 'true') return state('Buildkite', get('BUILDKITE_JOB_ID') ?? get('BUILDKITE_BUILD_ID'), get('BUILDKITE_BUILD_URL'))
  if (get('JENKINS_URL') !== null) return state('Jenkins', get('BUILD_TAG') ?? get('BUILD_ID'), get('BUILD_URL'))
  const isCi = /^(true|1|yes)$/i.test(get('CI') ?? '')
  return isCi ? state('CI', null, null) : null
}

function state(system: string, run: string | null, url: string | null): CiState {
  return { system, run, url: url === null ? null : redactRemote(url).value }
}

function attempt(run: string | null, number: string | null): string | null {
  return run === null || number === null || number === '1' ? run : `${run} (attempt ${number})`
}

function gitHubUrl(get: (name: string) => string | null): string | null {
  const [server, repository, run] = [get('GITHUB_SERVER_URL'), get('GITHUB_REPOSITORY'), get('GITHUB_RUN_ID')]
  return server === null || repository === null || run === null ? null : `${server}/${repository}/actions/runs/${run}`
}
