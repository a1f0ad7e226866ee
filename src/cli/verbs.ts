import type { AnyVerb } from './verb.ts'

/** A verb that is loaded when it is asked for. */
export interface VerbEntry {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<{ readonly verb: AnyVerb }>
}

/** In the order in which help lists them. */
export const VERBS: readonly VerbEntry[] = [
  { name: 'init', summary: 'create an empty repository', load: () => import('./verbs/init.ts') },
  { name: 'snapshot', summary: 'store a folder as the next snapshot of a ref', load: () => import('./verbs/snapshot.ts') },
  { name: 'hash', summary: 'print the root of a folder and store nothing', load: () => import('./verbs/hash.ts') },
  { name: 'status', summary: 'compare a folder with a revision', load: () => import('./verbs/status.ts') },
  { name: 'diff', summary: 'compare two revisions, or a revision and a folder', load: () => import('./verbs/diff.ts') },
  { name: 'log', summary: 'list the snapshots of a ref, newest first', load: () => import('./verbs/log.ts') },
  { name: 'show', summary: 'print all that is known of a revision', load: () => import('./verbs/show.ts') },
  { name: 'refs', summary: 'list refs and tags, or delete them', load: () => import('./verbs/refs.ts') },
  { name: 'tag', summary: 'give a snapshot a name that stays', load: () => import('./verbs/tag.ts') },
  { name: 'reset', summary: 'point a ref to another snapshot, such as an earlier one', load: () => import('./verbs/reset.ts') },
  { name: 'ls', summary: 'list the files of a revision', load: () => import('./verbs/ls.ts') },
  { name: 'cat', summary: 'write a file of a revision to stdout', load: () => import('./verbs/cat.ts') },
  { name: 'checkout', summary: 'write a revision into a folder', load: () => import('./verbs/checkout.ts') },
  { name: 'derive', summary: 'run a recipe on datasets, or remember what it gave', load: () => import('./verbs/derive.ts') },
  { name: 'repro', summary: 'bring the outputs of a pipeline up to date', load: () => import('./verbs/repro.ts') },
  { name: 'graph', summary: 'show the steps of a pipeline and the datasets between them', load: () => import('./verbs/graph.ts') },
  { name: 'explain', summary: 'say by which recipe a dataset was made, and of what', load: () => import('./verbs/explain.ts') },
  { name: 'lineage', summary: 'show what data, a run or a model was made of, and was used for', load: () => import('./verbs/lineage.ts') },
  { name: 'impact', summary: 'say which runs and models used a dataset, a file or a chunk', load: () => import('./verbs/impact.ts') },
  { name: 'reconstruct', summary: 'make derived data again that was dropped', load: () => import('./verbs/reconstruct.ts') },
  { name: 'run', summary: 'run a command and record all that it was made from and gave', load: () => import('./verbs/run.ts') },
  { name: 'runs', summary: 'list runs, or compare some', load: () => import('./verbs/runs.ts') },
  { name: 'config', summary: 'say where the values of a run’s configuration are from', load: () => import('./verbs/config.ts') },
  { name: 'artifacts', summary: 'list what runs made, by root', load: () => import('./verbs/artifacts.ts') },
  { name: 'fetch-run', summary: 'bring back all that a run was made from', load: () => import('./verbs/fetch-run.ts') },
  { name: 'reproduce', summary: 'run a recorded run again and compare', load: () => import('./verbs/reproduce.ts') },
  { name: 'rehearse', summary: 'run some past runs again and say how many gave the same', load: () => import('./verbs/rehearse.ts') },
  { name: 'model', summary: 'register models of runs, name, approve and compare their versions', load: () => import('./verbs/model.ts') },
  { name: 'check', summary: 'go through the checklist for a run or a model', load: () => import('./verbs/check.ts') },
  { name: 'verify', summary: 'read and hash every byte, and name what is damaged', load: () => import('./verbs/verify.ts') },
  { name: 'repair', summary: 'mend what is damaged, and list what cannot be', load: () => import('./verbs/repair.ts') },
  { name: 'du', summary: 'show where the space goes, and what each ref would free', load: () => import('./verbs/du.ts') },
  { name: 'gc', summary: 'remove what nothing needs any more', load: () => import('./verbs/gc.ts') },
  { name: 'repack', summary: 'store all versions in less room', load: () => import('./verbs/repack.ts') },
  { name: 'remote', summary: 'name repositories elsewhere, or check one', load: () => import('./verbs/remote.ts') },
  { name: 'push', summary: 'send refs and what they lead to to a remote', load: () => import('./verbs/push.ts') },
  { name: 'pull', summary: 'take over what a remote has, and move refs on to it', load: () => import('./verbs/pull.ts') },
  { name: 'fetch', summary: 'take over what a remote has, and move no ref', load: () => import('./verbs/fetch.ts') },
  { name: 'clone', summary: 'make a repository of one that is elsewhere', load: () => import('./verbs/clone.ts') },
  { name: 'cache', summary: 'show, bound or fill what is kept of what was read from remotes', load: () => import('./verbs/cache.ts') },
  { name: 'ls-remote', summary: 'list the refs of a repository elsewhere', load: () => import('./verbs/ls-remote.ts') },
  { name: 'prove', summary: 'prove that a dataset holds a path, or check such a proof', load: () => import('./verbs/prove.ts') },
  { name: 'export', summary: 'write a revision to a tar or CAR file', load: () => import('./verbs/export.ts') },
  { name: 'import', summary: 'take a snapshot of a tar or CAR file', load: () => import('./verbs/import.ts') },
  { name: 'storage', summary: 'check whether a repository may be kept in a place', load: () => import('./verbs/storage.ts') },
  { name: 'completion', summary: 'print a completion script for your shell', load: () => import('./verbs/completion.ts') },
]
