import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { CodedError, type Details, type Digest } from '@steadfleet/base'
import { asDiskFull } from '../disk/full.ts'
import { type BucketPlace, openBucket } from './bucket.ts'
import { type Explosion, explode, type Keep } from './explode.ts'
import { type BundleJob, makeBundle } from './make-bundle.ts'
import {
  bring,
  bringContents,
  bringTree,
  nameOf,
  type SharedObjects,
  share,
  shareFolder,
} from './shared-content.ts'

/** What is done in the content thread: hashing and packing would hold up everyone in the main one. */
export type Job =
  | { readonly explode: Explosion }
  | { readonly makeBundle: BundleJob }
  /** What follows is asked only where there is a bucket. */
  | { readonly bring: readonly Digest[] }
  | { readonly bringTree: Digest }
  | { readonly share: { readonly digest: Digest; readonly path: string } }
  | { readonly lengthOf: Digest }
  | { readonly shareFolder: string }

/** What the thread works with for as long as it runs. */
export interface ThreadData {
  readonly objects: string
  readonly bucket: BucketPlace | undefined
}

export interface JobRequest {
  readonly id: number
  readonly job: Job
}

export interface JobReply {
  readonly id: number
  readonly found?: number
  readonly refusal?: { code: string | undefined; message: string; details: Details }
}

function serve(port: MessagePort, data: ThreadData): void {
  const shared = data.bucket && openShared(data.objects, data.bucket)
  // A job says why it can't reach the bucket; that nobody asked yet is no fault.
  shared?.catch(() => undefined)
  port.on('message', ({ id, job }: JobRequest) => {
    void answer(id, async () => run(job, await shared)).then(reply => port.postMessage(reply))
  })
}

async function openShared(folder: string, place: BucketPlace): Promise<SharedObjects> {
  return { folder, bucket: await openBucket(place) }
}

async function run(job: Job, shared: SharedObjects | undefined): Promise<number | undefined> {
  if ('explode' in job) return void (await explode(job.explode, shared && keepIn(shared)))
  if ('makeBundle' in job) {
    const { tree, from } = job.makeBundle
    if (shared) await bringContents(shared, tree, from)
    return void (await makeBundle(job.makeBundle))
  }
  if (!shared) throw new TypeError('there is no bucket')
  return runShared(job, shared)
}

type SharedJob = Exclude<Job, { explode: Explosion } | { makeBundle: BundleJob }>

async function runShared(job: SharedJob, shared: SharedObjects): Promise<number | undefined> {
  if ('lengthOf' in job) return shared.bucket.lengthOf(nameOf(job.lengthOf))
  if ('bring' in job) await bring(shared, job.bring)
  else if ('bringTree' in job) await bringTree(shared, job.bringTree)
  else if ('share' in job) await share(shared, [job.share])
  else await shareFolder(shared, job.shareFolder)
  return undefined
}

function keepIn(shared: SharedObjects): Keep {
  return files => share(shared, files)
}

async function answer(id: number, act: () => Promise<number | undefined>): Promise<JobReply> {
  try {
    const found = await act()
    return found === undefined ? { id } : { id, found }
  } catch (thrown) {
    return { id, refusal: refusalOf(asDiskFull(thrown) ?? thrown) }
  }
}

function refusalOf(fault: unknown): NonNullable<JobReply['refusal']> {
  if (fault instanceof CodedError) {
    return { code: fault.code, message: fault.message, details: fault.details }
  }
  const message = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
  return { code: undefined, message, details: {} }
}

if (parentPort) serve(parentPort, workerData)
