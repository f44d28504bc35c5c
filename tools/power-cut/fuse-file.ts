import { readSync, writevSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { type Shared, viewsOf } from './shared-log.ts'

/**
 * A file system of one file, spoken over /dev/fuse, in a thread of its own: the kernel's loop device
 * lies on it, so every write and flush of the disk comes by here, in order. FUSE protocol 7.31,
 * linux/fuse.h. The thread ends when the file is unmounted.
 */
const { shared, descriptor } = workerData as { shared: Shared; descriptor: number }
const { image, counts, log, facts, events } = viewsOf(shared)

const operation = {
  forget: 2,
  getattr: 3,
  setattr: 4,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  flush: 25,
  init: 26,
  interrupt: 36,
  destroy: 38,
} as const

const headerIn = 40
const headerOut = 16
const mostWritten = 128 * 1024
const notSupported = -38
const nothing = Buffer.alloc(0)

const request = Buffer.alloc(headerIn + 4096 + mostWritten)

/** False when the file was unmounted. */
function answerOne(): boolean {
  const length = readRequest()
  if (length === undefined) return false
  const code = request.readUInt32LE(4)
  if (code === operation.forget || code === operation.interrupt) return true
  const body = request.subarray(headerIn, length)
  const answer = answers[code]
  if (answer) reply(0, answer(body))
  else reply(notSupported, nothing)
  return code !== operation.destroy
}

function readRequest(): number | undefined {
  try {
    return readSync(descriptor, request)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    // ENODEV is the unmount. A request that was taken back is none. fuse(4)
    if (code === 'ENODEV') return undefined
    if (code === 'ENOENT' || code === 'EINTR' || code === 'EAGAIN') return readRequest()
    throw error
  }
}

function reply(error: number, body: Buffer): void {
  const header = Buffer.alloc(headerOut)
  header.writeUInt32LE(headerOut + body.length, 0)
  header.writeInt32LE(error, 4)
  request.copy(header, 8, 8, 16)
  writevSync(descriptor, [header, body])
}

const answers: Readonly<Record<number, (body: Buffer) => Buffer>> = {
  [operation.init]: agreeOnProtocol,
  [operation.getattr]: () => attributes(),
  [operation.setattr]: () => attributes(),
  [operation.open]: () => Buffer.alloc(16),
  [operation.read]: body => {
    const from = Number(body.readBigUInt64LE(8))
    return Buffer.from(image.subarray(from, from + body.readUInt32LE(16)))
  },
  [operation.write]: body => {
    const at = Number(body.readBigUInt64LE(8))
    const size = body.readUInt32LE(16)
    keepWrite(at, body.subarray(40, 40 + size))
    const written = Buffer.alloc(8)
    written.writeUInt32LE(size, 0)
    return written
  },
  [operation.statfs]: () => Buffer.alloc(80),
  [operation.release]: () => nothing,
  [operation.flush]: () => nothing,
  [operation.fsync]: () => {
    keep(-1, nothing)
    return nothing
  },
  [operation.destroy]: () => nothing,
}

function agreeOnProtocol(): Buffer {
  const out = Buffer.alloc(64)
  out.writeUInt32LE(7, 0)
  out.writeUInt32LE(31, 4)
  out.writeUInt32LE(128 * 1024, 8)
  // FUSE_ASYNC_READ and FUSE_BIG_WRITES
  out.writeUInt32LE(0b10_0001, 12)
  out.writeUInt16LE(16, 16)
  out.writeUInt16LE(12, 18)
  out.writeUInt32LE(mostWritten, 20)
  out.writeUInt32LE(1, 24)
  return out
}

/** struct fuse_attr_out of a regular file, ours, of the image's size. */
function attributes(): Buffer {
  const out = Buffer.alloc(104)
  out.writeBigUInt64LE(3600n, 0)
  out.writeBigUInt64LE(1n, 16)
  out.writeBigUInt64LE(BigInt(image.length), 24)
  out.writeBigUInt64LE(BigInt(image.length / 512), 32)
  out.writeUInt32LE(0o100600, 76)
  out.writeUInt32LE(1, 80)
  out.writeUInt32LE(4096, 96)
  return out
}

function keepWrite(at: number, data: Buffer): void {
  image.set(data, at)
  keep(at, data)
}

/** Appends to the log; one that is full ends the recording rather than lose a write unseen. */
function keep(at: number, data: Buffer): void {
  const count = Atomics.load(counts, 0)
  const used = Atomics.load(counts, 1)
  if (used + data.length > log.length || (count + 1) * facts > events.length) {
    throw new RangeError('cannot record more of the disk: the log is full')
  }
  log.set(data, used)
  events.set([at, used, data.length, performance.timeOrigin + performance.now()], count * facts)
  Atomics.store(counts, 1, used + data.length)
  Atomics.store(counts, 0, count + 1)
}

parentPort?.postMessage('ready')
while (answerOne());
