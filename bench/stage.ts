import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Stage } from '../packages/cli/src/demo/stage.ts'
import { story } from '../packages/cli/src/demo/story.ts'

/** The demo in a folder of its own, told as far as `points`; ended and removed after `act`. */
export async function onStage<T>(points: number, act: (stage: Stage) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'steadfleet-bench-'))
  const stop = new AbortController()
  const end = (): void => stop.abort()
  process.once('SIGINT', end)
  const stage = await Stage.open(directory, {
    environment: process.env,
    directory,
    out: process.stdout,
    err: process.stderr,
    isRoot: process.geteuid?.() === 0,
    interrupted: stop.signal,
    now: () => new Date(),
    random: length => randomBytes(length),
  })
  try {
    for (const { tell } of story.slice(0, points)) await tell(stage, () => undefined)
    return await act(stage)
  } finally {
    await stage.close()
    process.removeListener('SIGINT', end)
    rmSync(directory, { recursive: true, force: true })
  }
}
