import { type FSWatcher, watch } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { OutputTail } from './output.ts'

/** Waits a little after the first word, so that a flood is read in pieces and not line by line. */
const gatherMs = 50

/** Calls back with each new line in the logs of a run folder, until closed. */
export class Follower {
  readonly #tail: OutputTail
  readonly #tell: (line: string) => void
  readonly #fail: (error: unknown) => void
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  #reading: Promise<void> = Promise.resolve()

  constructor(folder: string, tell: (line: string) => void, fail: (error: unknown) => void) {
    this.#tail = new OutputTail(folder)
    this.#tell = tell
    this.#fail = fail
    this.#open(folder).catch(fail)
  }

  close(): void {
    this.#isClosed = true
    this.#watcher?.close()
    clearTimeout(this.#timer)
  }

  async #open(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await this.#tail.begin()
    if (this.#isClosed) return
    this.#watcher = watch(folder, (_event, name) => {
      if (name?.startsWith('log.')) this.#timer ??= setTimeout(() => this.#gather(), gatherMs)
    })
  }

  /** What is written while this reads sets the next timer; one reading waits for the other. */
  #gather(): void {
    this.#timer = undefined
    this.#reading = this.#reading.then(() => this.#read()).catch(this.#fail)
  }

  async #read(): Promise<void> {
    const lines = await this.#tail.read()
    for (const line of lines) if (!this.#isClosed) this.#tell(line)
  }
}
