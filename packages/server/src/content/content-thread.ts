import { type MessagePort, parentPort } from 'node:worker_threads'
import { CodedError, type Details } from '@steadfleet/base'
import { asDiskFull } from '../disk/full.ts'
import { type Explosion, explode } from './explode.ts'
import { type BundleJob, makeBundle } from './make-bundle.ts'

/** What is done in the content thread: hashing and packing would hold up everyone in the main one. */
export type Job = { readonly explode: Explosion } | { readonly makeBundle: BundleJob }

export interface JobRequest {
  readonly id: number
  readonly job: Job
}

export interface JobReply {
  readonly id: number
  readonly refusal?: { code: string | undefined; message: string; details: Details }
}

function serve(port: MessagePort): void {
  port.on('message', ({ id, job }: JobRequest) => {
    void run(job).then(refusal => port.postMessage(refusal ? { id, refusal } : { id }))
  })
}

async function run(job: Job): Promise<JobReply['refusal']> {
  try {
    await ('explode' in job ? explode(job.explode) : makeBundle(job.makeBundle))
    return undefined
  } catch (thrown) {
    const fault = asDiskFull(thrown) ?? thrown
    if (fault instanceof CodedError) {
      return { code: fault.code, message: fault.message, details: fault.details }
    }
    const message = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
    return { code: undefined, message, details: {} }
  }
}

if (parentPort) serve(parentPort)
