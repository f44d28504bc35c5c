import { randomBytes } from 'node:crypto'
import { runProgram } from './program.ts'
import type { World } from './world.ts'

const stop = new AbortController()
process.on('SIGINT', () => stop.abort())
process.on('SIGTERM', () => stop.abort())
process.on('SIGHUP', () => stop.abort())

const world: World = {
  environment: process.env,
  directory: process.cwd(),
  out: process.stdout,
  err: process.stderr,
  isRoot: process.geteuid?.() === 0,
  interrupted: stop.signal,
  now: () => new Date(),
  random: length => randomBytes(length),
}

process.exitCode = await runProgram(process.argv.slice(2), world)
