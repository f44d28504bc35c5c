import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { object, parserOf } from '@steadfleet/domain'
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
  readonly port: number
  readonly ground: Ground
  /** The address at which people reach the server; devices may have another. */
  readonly origin: string
  readonly deviceOrigin: string
  readonly runFile: string
  logOf(name: string): string
  deviceDirectory(number: number): string
}

const firstPort = 8420

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
  const id = createHash('sha256').update(place).digest('hex').slice(0, 6)
  const apart = isRoot && (await canMakeNamespaces(id))
  return {
    ground: apart ? 'namespaces' : 'ports',
    id,
    range: apart ? await freeRange() : 0,
    port: await freePorts(apart ? 1 : 4),
  }
}

/** What root began, an ordinary user can't go on with. */
function refuseLostRights({ ground }: SceneFile, isRoot: boolean): void {
  if (ground !== 'namespaces' || isRoot) return
  const message = 'cannot resume this demo: it was begun as root, with network namespaces'
  const hint = 'run it as root again, or name another folder with --dir'
  throw new CliError('cli/network', message, { hint })
}

function toScene(directory: string, { ground: kind, id, range, port }: SceneFile): Scene {
  const ground = kind === 'ports' ? portGround(port) : namespaceGround({ id, range })
  return {
    directory,
    port,
    ground,
    origin: `http://127.0.0.1:${port}`,
    deviceOrigin: `http://${ground.serverHost}:${port}`,
    runFile: join(directory, 'demo', 'run.json'),
    logOf: name => join(directory, 'demo', 'logs', `${name}.log`),
    deviceDirectory: number => join(directory, 'devices', String(number)),
  }
}

/** The first of `count` neighbouring ports that nobody listens on. */
async function freePorts(count: number): Promise<number> {
  for (let port = firstPort; port < firstPort + 1000; port += 10) {
    const wanted = Array.from({ length: count }, (_, i) => port + i)
    if ((await Promise.all(wanted.map(isFree))).every(Boolean)) return port
  }
  throw new CliError('cli/network', `cannot find a free port from ${firstPort} on`)
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const probe = createServer()
  probe.once('error', () => resolve(false))
  probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  return promise
}
