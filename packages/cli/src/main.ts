import { randomBytes } from 'node:crypto'
import { askUnseen } from './keys/terminal.ts'
import { runProgram } from './program.ts'
import type { World } from './world.ts'

const stop = new AbortController()
process.on('SIGINT', () => stop.abort())
process.on('SIGTERM', () => stop.abort())
process.on('SIGHUP', () => stop.abort())

const world: World = {
  environment: { ...process.env },
  directory: process.cwd(),
  out: process.stdout,
  err: process.stderr,
  isRoot: process.geteuid?.() === 0,
  interrupted: stop.signal,
  ask: askUnseen,
  now: () => new Date(),
  random: length => randomBytes(length),
}

// No process that is started from here inherits it.
delete process.env.STEADFLEET_PASSPHRASE
delete process.env.STEADFLEET_TOKEN

process.exitCode = await runProgram(process.argv.slice(2), world)
