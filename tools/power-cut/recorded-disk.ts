import { once } from 'node:events'
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { attachLoop, detachLoop, mountImage, run, unmount } from './disks.ts'
import { type DiskEvent, eventsOf, makeShared, type Shared, viewsOf } from './shared-log.ts'

/** An ext4 file system on a disk of which every write and flush is kept, in order. */
export class RecordedDisk implements AsyncDisposable {
  readonly #shared: Shared
  readonly #file: string
  readonly #mountPoint: string
  readonly #loop: string
  readonly #ended: Promise<unknown>

  private constructor(shared: Shared, place: Place, loop: string, ended: Promise<unknown>) {
    this.#shared = shared
    this.#file = place.file
    this.#mountPoint = place.mountPoint
    this.#loop = loop
    this.#ended = ended
  }

  /** Records what happens to `image`, mounted at `mountPoint`. */
  static async mount(image: Uint8Array, folder: string, mountPoint: string): Promise<RecordedDisk> {
    const shared = makeShared(image.length)
    viewsOf(shared).image.set(image)
    const file = join(folder, 'recorded-disk')
    writeFileSync(file, '')
    const descriptor = openSync('/dev/fuse', 'r+')
    // Nobody may read from the device before it is mounted. fuse(4)
    const options = 'rootmode=100600,user_id=0,group_id=0,fd=3'
    run('mount', ['-i', '-t', 'fuse', '-o', options, 'power-cut', file], descriptor)
    const worker = new Worker(new URL('./fuse-file.ts', import.meta.url), {
      workerData: { shared, descriptor },
    })
    const ended = once(worker, 'exit')
    await once(worker, 'message')
    const loop = await attachLoop(file)
    await mountImage(loop, mountPoint)
    return new RecordedDisk(
      shared,
      { file, mountPoint },
      loop,
      ended.then(() => closeSync(descriptor)),
    )
  }

  /** How many writes and flushes the disk had so far. */
  get length(): number {
    return Atomics.load(viewsOf(this.#shared).counts, 0)
  }

  events(): DiskEvent[] {
    return eventsOf(this.#shared)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await unmount(this.#mountPoint)
    await detachLoop(this.#loop)
    await unmount(this.#file)
    await this.#ended
    rmSync(this.#file)
  }
}

interface Place {
  readonly file: string
  readonly mountPoint: string
}
