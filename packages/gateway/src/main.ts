import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { isCoded } from '@steadfleet/base'
import { GatewayError } from './error.ts'
import type { GatewayEvent } from './events.ts'
import { Gateway, type GatewayWorld } from './gateway.ts'
import { linux } from './kernel.ts'

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    state: { type: 'string' },
    once: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
})
const second = 1000
const stopped = new AbortController()

try {
  await run()
} catch (error) {
  const { code, message, details } = isCoded(error)
    ? error
    : { code: 'gateway/fault', message: String(error), details: {} }
  process.stderr.write(`${JSON.stringify({ code, message, ...details })}\n`)
  process.exit(1)
}

/** Enforces until it is told to end. The rules stay in force after it, whatever ends it. */
async function run(): Promise<void> {
  if (!values.config || !values.state) {
    const line = 'gateway --config FILE --state DIR [--once] [--dry-run]'
    throw new GatewayError('gateway/usage', `cannot understand the command: ${line}`)
  }
  const world: GatewayWorld = {
    kernel: linux,
    config: resolve(values.config),
    state: resolve(values.state),
    now: () => new Date(),
    tell,
  }
  if (values['dry-run']) {
    process.stdout.write(await Gateway.preview({ ...world, tell: tellAside }))
    return
  }
  await mkdir(join(world.state, 'quarantine'), { recursive: true, mode: 0o700 })
  const gateway = await Gateway.open(world)
  await keepStatus(gateway, world)
  if (!values.once) await watch(gateway, world)
  await gateway.close()
}

async function watch(gateway: Gateway, world: GatewayWorld): Promise<void> {
  const end = () => stopped.abort()
  process.on('SIGTERM', end).on('SIGINT', end)
  const { signal } = stopped
  while (!signal.aborted) {
    await wait(second, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    // A kernel that is out of memory now may not be the next second; what is in force stays so.
    await gateway.tick().catch(fault)
    await keepStatus(gateway, world)
  }
}

async function keepStatus(gateway: Gateway, { state }: GatewayWorld): Promise<void> {
  const path = join(state, 'status.json')
  await writeFile(`${path}.new`, `${JSON.stringify(gateway.status(), null, 2)}\n`)
  await rename(`${path}.new`, path)
}

function fault(error: unknown): void {
  const code = isCoded(error) ? error.code : 'gateway/fault'
  tell({ event: 'fault', code, text: error instanceof Error ? error.message : String(error) })
}

function tell(event: GatewayEvent): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`)
}

function tellAside(event: GatewayEvent): void {
  process.stderr.write(`${JSON.stringify(event)}\n`)
}
