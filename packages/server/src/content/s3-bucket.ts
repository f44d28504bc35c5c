import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { ServerError } from '../error.ts'
import type { Bucket, BucketPlace } from './bucket.ts'

type S3Place = Exclude<BucketPlace, { readonly folder: string }>

/** Files longer than this go in parts of this length: 10,000 of them may be, and a lost one is sent again alone. */
const usualPartBytes = 64 * 1024 ** 2
const tries = 3
const firstPauseMs = 200

/** A bucket behind an S3 interface. Each request is tried three times, and none waits for ever. */
export function openS3Bucket(place: S3Place, partBytes = usualPartBytes): Bucket {
  const { bucket: Bucket, prefix } = place
  const client = makeClient(place)
  const at = (name: string) => ({ Bucket, Key: `${prefix}${name}` })
  return {
    lengthOf: name =>
      retried(async () => {
        const head = await unlessMissing(client.send(new HeadObjectCommand(at(name))))
        return head && (head.ContentLength ?? 0)
      }),
    read: (name, start) =>
      retried(async () => {
        const range = start === 0 ? {} : { Range: `bytes=${start}-` }
        const request = new GetObjectCommand({ ...at(name), ...range })
        const reply = await unlessMissing(client.send(request))
        return reply && coded(reply.Body as Readable)
      }),
    async put(name, path) {
      const { size } = await stat(path)
      if (size > partBytes) return putParts(client, at(name), { path, size, partBytes })
      await retried(() => {
        const Body = createReadStream(path)
        return client.send(new PutObjectCommand({ ...at(name), Body, ContentLength: size }))
      })
    },
  }
}

function makeClient({ region, endpoint, key }: S3Place): S3Client {
  return new S3Client({
    region,
    // A store of one's own has one name, not one for each bucket.
    ...(endpoint && { endpoint, forcePathStyle: true }),
    ...(key && { credentials: { accessKeyId: key.id, secretAccessKey: key.secret } }),
    // A stream can't be sent again, so who has the file tries again.
    maxAttempts: 1,
    // It warns of what is tried again here, on the terminal.
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 30_000 },
    // Stores that are not Amazon's refuse checksums that follow the body. Digests are checked where bytes are used.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
}

const silent = (): void => undefined

interface Place {
  readonly Bucket: string
  readonly Key: string
}

interface Parted {
  readonly path: string
  readonly size: number
  readonly partBytes: number
}

async function putParts(
  client: S3Client,
  at: Place,
  { path, size, partBytes }: Parted,
): Promise<void> {
  const { UploadId } = await retried(() => client.send(new CreateMultipartUploadCommand(at)))
  const upload = { ...at, UploadId }
  try {
    const parts: { ETag: string | undefined; PartNumber: number }[] = []
    for (let start = 0; start < size; start += partBytes) {
      const PartNumber = parts.length + 1
      const end = Math.min(start + partBytes, size) - 1
      const { ETag } = await retried(() => {
        const Body = createReadStream(path, { start, end })
        const part = { ...upload, PartNumber, Body, ContentLength: end - start + 1 }
        return client.send(new UploadPartCommand(part))
      })
      parts.push({ ETag, PartNumber })
    }
    const MultipartUpload = { Parts: parts }
    await retried(() =>
      client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload })),
    )
  } catch (cause) {
    // Parts of what never became whole cost money; where this fails too, the bucket's own rule ends them.
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined)
    throw cause
  }
}

async function retried<T>(act: () => Promise<T>): Promise<T> {
  for (let turn = 1; ; turn += 1) {
    try {
      return await act()
    } catch (cause) {
      const fault = toCoded(cause)
      if (turn === tries || fault.code === 'content/store-denied') throw fault
      await wait(firstPauseMs * 4 ** (turn - 1))
    }
  }
}

async function unlessMissing<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply
  } catch (cause) {
    if (cause instanceof S3ServiceException && isMissing(cause)) return undefined
    throw cause
  }
}

/** A bucket that is not there is no missing object. */
function isMissing({ name, $metadata }: S3ServiceException): boolean {
  return name !== 'NoSuchBucket' && $metadata.httpStatusCode === 404
}

async function* coded(body: Readable): AsyncIterable<Uint8Array> {
  try {
    yield* body
  } catch (cause) {
    throw toCoded(cause)
  }
}

/** The store's own word for what went wrong, and never its message: some repeat the key. */
function toCoded(cause: unknown): ServerError {
  if (cause instanceof ServerError) return cause
  const isAnswer = cause instanceof S3ServiceException
  const why = isAnswer || cause instanceof Error ? wordOf(cause) : 'fault'
  const status = isAnswer ? (cause.$metadata.httpStatusCode ?? 0) : 0
  if (
    status === 403 ||
    status === 401 ||
    why === 'NoSuchBucket' ||
    why === 'CredentialsProviderError'
  ) {
    return new ServerError('content/store-denied', `cannot use the object store: ${why}`, { why })
  }
  return new ServerError('content/store-unreachable', `cannot reach the object store: ${why}`, {
    why,
  })
}

function wordOf(cause: Error): string {
  const word = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
  return /^[A-Za-z0-9_]{1,60}$/.test(word) ? word : 'fault'
}
