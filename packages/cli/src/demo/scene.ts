import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { object, parserOf } from '@steadfleet/domain'
import { isBlockedPort } from '@steadfleet/protocol'
import { type Static, Type } from 'typebox'
import { CliError } from '../error.ts'
import type { Ground } from './ground.ts'
import { canMakeNamespaces, freeRange, namespaceGround } from './namespaces.ts'
import { portGround } from './ports.ts'

/** What a demo must find again when it resumes: devices know the server by this address. */
const SceneFile = object({
  ground: Type.Union([Type.Literal('namespaces'), Type.Literal('ports')]),
  id: Type.String({ pattern: '^[0-9a-f]{6}$' }),
  range: Type.Integer({ minimum: 0, maximum: 254 }),
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
})
type SceneFile = Static<typeof SceneFile>
const parseScene = parserOf('scene.json', SceneFile)

/** Where everything of one demo lies, and how its devices are kept apart. */
export interface Scene {
  readonly directory: string
  readonly ground: Ground
  /** The address at which people reach the server; devices may have another. */
  readonly origin: string
  readonly deviceOrigin: string
  readonly runFile: string
  logOf(name: string): string
  deviceDirectory(number: number): string
}

/** Where people expect it; other folders than the usual one begin elsewhere, so as not to meet. */
const usualPort = 8420

/** The scene of an earlier demo in this folder, or a new one that suits this machine. */
export async function openScene(directory: string, isRoot: boolean): Promise<Scene> {
  await mkdir(join(directory, 'demo', 'logs'), { recursive: true })
  await mkdir(join(directory, 'devices'), { recursive: true })
  const file = join(directory, 'demo', 'scene.json')
  const held = existsSync(file) ? parseScene(JSON.parse(await readFile(file, 'utf8'))) : undefined
  const scene = held ?? (await chooseScene(directory, isRoot))
  refuseLostRights(scene, isRoot)
  if (!held) await writeFile(file, JSON.stringify(scene))
  return toScene(directory, scene)
}

async function chooseScene(directory: string, isRoot: boolean): Promise<SceneFile> {
  const place = await realpath(directory)
  const hash = createHash('sha256').update(place).digest()
  const id = hash.toString('hex').slice(0, 6)
  const apart = isRoot && (await canMakeNamespaces(id))
  const first =
    basename(place) === '.steadfleet' ? usualPort : usualPort + 10 * (1 + (hash[3] ?? 0))
  return {
    ground: apart ? 'namespaces' : 'ports',
    id,
    range: apart ? await freeRange(hash[4] ?? 0) : 0,
    port: await freePorts(first, apart ? 1 : 4),
  }
}

/** What root began, an ordinary user can't go on with. */
function refuseLostRights({ ground }: SceneFile, isRoot: boolean): void {
  if (ground !== 'namespaces' || isRoot) return
  const message = 'cannot resume this demo: it was begun as root, with network namespaces'
  const hint = 'run it as root again, or name another folder with --dir'
  throw new CliError('cli/network', message, { hint })
}

async function toScene(directory: string, scene: SceneFile): Promise<Scene> {
  const { ground: kind, id, range, port } = scene
  const ground = kind === 'ports' ? portGround(port) : namespaceGround({ id, range })
  return {
    directory,
    ground,
    origin: `http://127.0.0.1:${await portForPeople(scene)}`,
    deviceOrigin: `http://${ground.serverHost}:${port}`,
    runFile: join(directory, 'demo', 'run.json'),
    logOf: name => join(directory, 'demo', 'logs', `${name}.log`),
    deviceDirectory: number => join(directory, 'devices', String(number)),
  }
}

/** Devices must find the server where they left it; people can be told another port. */
async function portForPeople({ ground, port }: SceneFile): Promise<number> {
  if (await isFree(port)) return port
  if (ground === 'namespaces') return freePorts(port + 10, 1)
  const message = `cannot resume this demo: port ${port}, where its devices look for it, is taken`
  const hint = 'end what listens there, or name another folder with --dir'
  throw new CliError('cli/network', message, { port, hint })
}

/** The first of `count` neighbouring ports that nobody listens on. */
async function freePorts(first: number, count: number): Promise<number> {
  for (let port = first; port < first + 1000; port += 10) {
    const wanted = Array.from({ length: count }, (_, i) => port + i)
    if (wanted.some(isBlockedPort)) continue
    if ((await Promise.all(wanted.map(isFree))).every(Boolean)) return port
  }
  throw new CliError('cli/network', `cannot find a free port from ${first} on`)
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const probe = createServer()
  probe.once('error', () => resolve(false))
  probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  return promise
}
