import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openHome } from '../fleet/home.ts'
import { initFleet } from '../fleet/init.ts'
import type { Say } from '../progress.ts'
import { check } from './check.ts'
import { killAgent } from './killing.ts'
import { acceptGoodRelease, haltBadRelease, takeFirstRelease } from './releases.ts'
import { deviceModel, type Stage } from './stage.ts'
import { refuseInterrupted } from './watch.ts'
import { makeWitnesses } from './witnesses.ts'

/** One point of the story: what is done, and what must then be seen. */
export interface Step {
  readonly title: string
  /** Does it, unless an earlier run did, and checks it; yields what was seen, in one line. */
  readonly tell: (stage: Stage, say: Say) => Promise<string>
}

/** The journey, point by point. Each may be told again on the same data. */
export const story: readonly Step[] = [
  { title: 'make the fleet’s keys', tell: makeKeys },
  { title: 'start two witnesses, the server and its signer', tell: startServer },
  { title: 'start three devices, each with its own key', tell: startDevices },
  { title: 'publish greenhouse 1 to latest/stable', tell: takeFirstRelease },
  { title: 'publish greenhouse 2: only what changed travels', tell: acceptGoodRelease },
  { title: 'publish greenhouse 3, which dies in its probation', tell: haltBadRelease },
  { title: 'kill an agent while its app is asked', tell: killAgent },
]

async function makeKeys({ scene, world }: Stage, say: Say): Promise<string> {
  const isNew = !existsSync(join(scene.directory, 'steadfleet.json'))
  if (isNew) {
    say('drawing keys: three each for catalogue root, targets and owner root, two of which sign')
    say('they stay unencrypted here; steadfleet init asks for a passphrase')
    const [publisher = '', model = ''] = deviceModel.split('/')
    const names = { fleet: 'home', publisher, model }
    const required = ['acme/greenhouse']
    const log = { witnesses: await makeWitnesses(scene, world), quorum: 2 }
    const where = { required, server: scene.origin, log }
    await initFleet(scene.directory, { ...names, ...where, keys: 'unencrypted' }, world)
  }
  const offline = await readdir(join(scene.directory, 'offline'))
  const online = await readdir(join(scene.directory, 'server', 'signer'))
  const { mode } = await stat(join(scene.directory, 'offline'))
  check((mode & 0o77) === 0, 'nobody else reads the offline keys', mode.toString(8))
  const leaked = online.filter(name => offline.includes(name))
  check(leaked.length === 0, 'no offline key is with the server', leaked.join(' '))
  const made = isNew ? 'made' : 'found'
  return `${made} ${offline.filter(isPem).length} offline and ${online.filter(isPem).length} online keys`
}

function isPem(name: string): boolean {
  return name.endsWith('.pem')
}

async function startServer(stage: Stage, say: Say): Promise<string> {
  say(stage.scene.ground.about)
  const witnesses = await stage.startWitnesses()
  const users = witnesses.map(({ name, uid }) => `${name} as ${uid ? `user ${uid}` : 'this user'}`)
  for (const user of users) say(`${user} cosigns what the log says, if it never said otherwise`)
  await stage.startServer(await openHome(stage.scene.directory))
  if (stage.isSignerApart)
    say('the signer is a user of its own: the server asks it, and reads no key')
  return [stage.scene.origin, ...users].join(', ')
}

async function startDevices(stage: Stage, say: Say): Promise<string> {
  const joined = stage.actors.filter(actor => !stage.hasJoined(actor))
  for (const actor of joined) {
    refuseInterrupted(stage.world.interrupted)
    say(`${actor.name} joins with a token that works once`)
    await stage.join(actor)
  }
  await Promise.all(stage.actors.map(actor => stage.startAgent(actor)))
  const devices = await stage.watch.until(
    'three devices online',
    async () => {
      const all = await stage.devices()
      return all.filter(({ online }) => online).length === stage.actors.length ? all : undefined
    },
    say,
  )
  const keys = new Set(devices.map(({ id }) => id))
  check(keys.size === stage.actors.length, 'each device has its own key', [...keys].join(' '))
  const logs = [...new Set(devices.map(({ log }) => log))].join(' ')
  return `${joined.length} joined, ${devices.length} online, log ${logs}`
}
