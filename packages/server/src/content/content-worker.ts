import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { ServerError, type ServerErrorCode } from '../error.ts'
import type { Job, JobReply, ThreadData } from './content-thread.ts'

/** The thread that unpacks and packs. Jobs run side by side, their faults come back as they were. */
export interface ContentWorker extends AsyncDisposable {
  run(job: Job): Promise<number | undefined>
}

interface Waiting {
  resolve(found: number | undefined): void
  reject(error: Error): void
}

export function startContentWorker(workerData: ThreadData): ContentWorker {
  const worker = new Worker(join(import.meta.dirname, 'content-thread.ts'), { workerData })
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  const failAll = (cause: Error): void => {
    for (const { reject } of waiting.values()) reject(cause)
    waiting.clear()
  }
  worker.on('message', ({ id, refusal, found }: JobReply) => {
    const wait = waiting.get(id)
    waiting.delete(id)
    if (refusal) wait?.reject(toError(refusal))
    else wait?.resolve(found)
  })
  worker.on('error', failAll)
  worker.on('exit', () => failAll(new ServerError('server/closed', 'cannot pack: server closes')))
  return {
    run: job =>
      new Promise((resolve, reject) => {
        lastId += 1
        waiting.set(lastId, { resolve, reject })
        worker.postMessage({ id: lastId, job })
      }),
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
}

function toError({ code, message, details }: NonNullable<JobReply['refusal']>): Error {
  if (code === undefined) return new Error(message)
  return new ServerError(code as ServerErrorCode, message, details)
}
