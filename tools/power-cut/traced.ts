import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { FileModel } from './file-model.ts'
import type { Journey } from './journeys.ts'
import type { Laboratory } from './laboratory.ts'
import { readFiles } from './lay-files.ts'
import { type Recording, record } from './recording.ts'
import { type Act, replay } from './replay.ts'
import { parseTrace, tracerOf } from './system-calls.ts'

/** A recording with all that was done to the files, call by call. */
export interface Traced {
  readonly recording: Recording
  readonly before: FileModel
  readonly acts: readonly Act[]
}

/** Plays a journey under a tracer. */
export async function trace(
  laboratory: Laboratory,
  journey: Journey,
  image: Uint8Array,
  file?: string,
): Promise<Traced> {
  const { folder, paths } = laboratory
  const model = await laboratory.onDisk(image, async () => readFiles(paths.root))
  const log = join(folder, 'trace')
  const options = { tracer: tracerOf(log), ...(file !== undefined && { file }) }
  const recording = await record(laboratory, journey, image, options)
  const calls = parseTrace(readFileSync(log, 'latin1'))
  rmSync(log)
  const before = model.copy()
  const acts = replay(calls, paths.root, model)
  // What the trace made stands in both: in the one it has names, in the other not yet.
  for (const [number, inode] of model.inodes) {
    if (before.inodes.has(number)) Object.assign(before.at(number), rightsOf(inode))
    else before.inodes.set(number, { ...inode, content: Buffer.alloc(0), entries: new Map() })
  }
  return { recording, before, acts }
}

function rightsOf({ mode, uid, gid }: { mode: number; uid: number; gid: number }) {
  return { mode, uid, gid }
}
