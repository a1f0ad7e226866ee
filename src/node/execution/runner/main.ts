import { isMainThread } from 'node:worker_threads'
import { asRefusal, describeExport } from './describe-export.ts'
import { FunctionRunner } from './function-runner.ts'
import { startCommand } from './run-command.ts'
import { endWithParent } from './end-with-parent.ts'
import { claimChannel, threadChannel, type Channel } from './channel.ts'

/** The program of a child process, or of a thread. What it is to do, and what came of it, are messages (protocol.ts); it stays until it is killed, so that the group of what it started has its leader. */
function run(channel: Channel): void {
  let runner: FunctionRunner | undefined
  channel.onMessage((message) => {
    switch (message.type) {
      case 'describe':
        void describeExport(message).catch(asRefusal).then((answer) => channel.send(answer))
        return
      case 'function':
        runner = new FunctionRunner(message, channel)
        return
      case 'unit':
        runner?.call(message)
        return
      case 'command':
        startCommand(message, channel)
        return
      case 'stop':
        runner?.stop(message.reason)
    }
  })
}

if (isMainThread) {
  endWithParent(Number(process.argv.pop()))
  run(claimChannel())
} else run(threadChannel())
