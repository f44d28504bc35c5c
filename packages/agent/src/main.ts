import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { isCoded, toPrintable } from '@steadfleet/base'
import { Agent } from './agent.ts'
import { currentBoot, openApps, turnPower } from './apps/index.ts'
import { type Command, parseCommand, usage } from './command.ts'
import { runDevice } from './device/command.ts'
import { takeLock } from './disk/lock.ts'
import { type Paths, pathsOf } from './disk/paths.ts'
import { askImport } from './offline/ask-import.ts'
import { describeMachine } from './report/describe-machine.ts'
import { findGroup } from './say/group.ts'
import { thisProcess } from './self/this-process.ts'
import { joinFleet } from './server/enrol.ts'
import { makeTransport } from './server/http.ts'
import { deltaCommand, serveDeltaProcess } from './store/delta-process.ts'
import { describeSeals } from './store/seals.ts'
import { beThrifty } from './thrift.ts'
import { parseToken } from './trust/enrolment.ts'
import type { LogEntry, World } from './world.ts'

process.umask(0o022)
// Not by the last handle that closes: an agent that cannot go on must end for another to be started.
process.exit(await main(process.argv.slice(2)))

async function main(args: readonly string[]): Promise<number> {
  try {
    if (args[0] === 'device') return await device(args.slice(1))
    const command = parseCommand(args)
    if (command.does === 'help') return say(usage)
    const paths = pathsOf(resolve(command.state))
    switch (command.does) {
      case 'join':
        return await join(command, paths)
      case 'run':
        return await run(command, paths)
      case 'import':
        return await importInto(command, paths)
      case 'down':
        return await down(command, paths)
      case deltaCommand:
        return await serveDeltaProcess(paths)
    }
  } catch (error) {
    return complain(error, args.includes('--json'))
  }
}

/** Speaks with the agent that runs here, whoever may. */
async function device(args: readonly string[]): Promise<number> {
  const state = process.env.STEADFLEET_STATE
  await runDevice(args, { now: new Date(), state, say: text => void say(text) })
  return 0
}

async function join(command: Command & { does: 'join' }, paths: Paths): Promise<number> {
  const transport = makeTransport()
  try {
    const token = parseToken(command.token)
    transport.pin(token.origin, () => token.keys ?? [])
    const enrolment = await joinFleet(paths, transport, {
      token,
      name: command.name ?? hostname(),
      model: command.model ?? '',
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      seed: randomBytes(32),
    })
    const { device, fleet, origin, log } = enrolment
    if (command.json) return say(JSON.stringify({ joined: true, device, fleet, origin, log }))
    return say(`${device} has joined fleet ${fleet} at ${origin} (transparency log: ${log})`)
  } finally {
    transport.close()
  }
}

async function run(command: Command & { does: 'run' }, paths: Paths): Promise<number> {
  beThrifty()
  const transport = makeTransport()
  const world = realWorld(command.json)
  const warn = (message: string) => world.log({ level: 'warn', message })
  const power = turnPower(warn)
  const agent = await Agent.start({
    paths,
    world,
    transport,
    pin: transport.pin,
    openApps: (stateDir, refuseDamaged) =>
      openApps({ stateDir, refuseDamaged, warn, power, require: command.require }),
    pid: process.pid,
    boot: currentBoot(),
    fetch: command.fetch,
    rejectedDays: command.rejectedDays,
    self: await thisProcess(paths, process.env, warn),
    group: findGroup(command.group, warn),
    zone: () => Temporal.Now.timeZoneId(),
    attributes: {
      node: process.version,
      kernel: process.platform,
      agent: '0.1.0',
      seals: describeSeals(),
      ...describeMachine(),
    },
  })
  const { device, name, origin } = await agent.status()
  world.log({
    level: 'info',
    message: 'ready',
    ready: true,
    device,
    name,
    origin,
    pid: process.pid,
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end(agent))
  try {
    await agent.ended
    await agent.close()
    return 0
  } finally {
    transport.close()
  }
}

/** The agent that runs does it; the exit code says whether it took the file. */
async function importInto(
  { file, json }: Command & { does: 'import' },
  paths: Paths,
): Promise<number> {
  const result = await askImport(paths, resolve(file), ({ package: name, done, of }) => {
    if (!json) process.stderr.write(`unpacking ${name} (${done + 1} of ${of})\n`)
  })
  if (json) say(JSON.stringify(result))
  if (result.state === 'refused') {
    process.stderr.write(toPrintable(`${result.code}: ${result.message}\n`))
    return 1
  }
  return json ? 0 : say(`took order ${result.counter}: ${result.packages.join(', ')}`)
}

/** Apps outlive agents; this ends them, and gives back the cgroups and uids they had. */
async function down(command: Command & { json: boolean }, paths: Paths): Promise<number> {
  const lock = takeLock(paths, process.pid)
  try {
    const apps = await openApps({ stateDir: paths.root })
    await apps.adopt([])
    await apps.close()
  } finally {
    lock.release()
  }
  return say(command.json ? JSON.stringify({ down: true }) : 'no app runs any more')
}

/** What is under way is safe to leave at any moment, so a stop that takes long is cut off. */
function end(agent: Agent): void {
  setTimeout(() => process.exit(0), 5000).unref()
  agent.halt()
}

function realWorld(json: boolean): World {
  return {
    now: () => new Date(),
    monotonic: () => performance.now(),
    random: () => Math.random(),
    async sleep(milliseconds, stop) {
      try {
        await wait(milliseconds, undefined, stop ? { signal: stop } : {})
      } catch (error) {
        stop?.throwIfAborted()
        throw error
      }
    },
    log: entry => void say(json ? JSON.stringify(entry) : readable(entry)),
  }
}

function readable({ level, message, ...facts }: LogEntry): string {
  const rest = Object.entries(facts).map(([name, value]) => `${name}=${value}`)
  return [level === 'info' ? '' : `${level}:`, message, ...rest].filter(Boolean).join(' ')
}

function say(line: string): number {
  process.stdout.write(`${toPrintable(line)}\n`)
  return 0
}

/** One line, with its code; the exit code is 2 for a wrong command and 1 for everything else. */
function complain(error: unknown, json: boolean): number {
  const code = isCoded(error) ? error.code : 'agent/fault'
  const message = error instanceof Error ? error.message : String(error)
  if (json) say(JSON.stringify({ level: 'error', code, message }))
  const stack = isCoded(error) || !(error instanceof Error) ? '' : `\n${error.stack}`
  process.stderr.write(toPrintable(`${code}: ${message}${stack}\n`))
  return code === 'agent/usage' ? 2 : 1
}
