import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { serverCommand } from '../commands/serve.ts'
import { signerCommand } from '../commands/signer.ts'
import { programs } from '../process/checkout.ts'
import { type Child, launch } from '../process/child.ts'
import { asUser, demoUsers, giveTo, mayRunAs } from '../process/users.ts'
import type { World } from '../world.ts'
import type { Scene } from './scene.ts'

/** A server and its signer as they run. */
export interface RunningServer {
  readonly server: Child
  /** The signer where it is a user of its own; else the server has started it itself. */
  readonly signer: Child | undefined
}

const isReady = (line: string): boolean => line.includes('"ready":true')

/**
 * Starts a demo's server. Where root may choose, server and signer are two users, so that whoever
 * breaks into the web process can ask for signatures and read no key.
 */
export async function startServer(scene: Scene, world: World): Promise<RunningServer> {
  const folder = join(scene.directory, 'server')
  const apart = world.isRoot && (await mayRunAs(demoUsers.server, programs.server, scene.directory))
  if (!apart) {
    if (world.isRoot) await giveTo(folder, { uid: 0 })
    return { server: await launchServer(scene, {}), signer: undefined }
  }
  await giveToUsers(folder)
  const signer = await launchSigner(scene, folder)
  try {
    return { server: await launchServer(scene, { signer: join(folder, 'signer.sock') }), signer }
  } catch (error) {
    await signer.stop(10_000)
    throw error
  }
}

/** The server's group is the signer's too: it reads the roots, and answers on a socket of the group. */
async function giveToUsers(folder: string): Promise<void> {
  const { server, signer } = demoUsers
  await rm(join(folder, 'signer.sock'), { force: true })
  await giveTo(folder, { uid: server, mode: 0o770 })
  const keys = join(folder, 'signer')
  if (existsSync(keys)) await giveTo(keys, { uid: signer })
}

async function launchSigner(scene: Scene, folder: string): Promise<Child> {
  const signer = launch({
    name: 'the signer',
    command: [...asUser(demoUsers.signer, demoUsers.server), ...signerCommand(folder, ['--share'])],
    log: scene.logOf('signer'),
    isReady,
    isLeashed: true,
  })
  await signer.first
  return signer
}

async function launchServer(
  scene: Scene,
  { signer }: { readonly signer?: string },
): Promise<Child> {
  const origins = [...new Set([scene.origin, scene.deviceOrigin])]
  const command = serverCommand(join(scene.directory, 'server'), [
    ...origins.flatMap(one => ['--listen', new URL(one).host, '--origin', one]),
    // The devices' networks are bridges of this machine.
    ...['--plain-http', 'anywhere'],
    ...(signer === undefined ? [] : ['--signer', signer]),
  ])
  const server = launch({
    name: 'the server',
    command: signer === undefined ? command : [...asUser(demoUsers.server), ...command],
    log: scene.logOf('server'),
    isReady,
  })
  await server.first
  return server
}
