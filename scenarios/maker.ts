import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  makeTimestamp,
  nextSnapshot,
  readSigned,
  type Signed,
  type Signer,
  signerFromPem,
  signMetadata,
} from '../packages/authority/src/index.ts'
import { connect } from '../packages/cli/src/fleet/connect.ts'
import { type Home, saveHome } from '../packages/cli/src/fleet/home.ts'
import { initFleet } from '../packages/cli/src/fleet/init.ts'
import { type Published, publishPackage } from '../packages/cli/src/publish/publish.ts'
import { toTimestamp } from '../packages/domain/src/index.ts'
import { readInForce } from '../packages/server/src/catalogue/catalogue-folder.ts'
import { type ServerProcess, startServer } from '../packages/server/src/testing/server-process.ts'
import { writePage } from './page.ts'

/** A device maker, with a catalogue and a server of its own: not of the device's owner. */
export interface Maker {
  readonly home: Home
  readonly server: () => ServerProcess
  /** Starts its server again, where it was. */
  restart(): Promise<void>
  /** Publishes a revision of its lamp. */
  publish(revision: number): Promise<Published>
  /** Signs every role of its catalogue anew, with its own keys, to be good until then and no longer. */
  signUntil(expires: Date): Promise<void>
}

const publisher = 'bolt'
export const lamp = 'bolt/lamp'

/** Opens it with revision 1 of its lamp in its catalogue. */
export async function openMaker(directory: string): Promise<Maker> {
  const world = { now: () => new Date(), random: (n: number) => randomBytes(n) }
  const chosen = { fleet: 'works', publisher, model: 'lamp-box', required: [] }
  const choices = { ...chosen, server: 'http://127.0.0.1:1', keys: 'unencrypted' } as const
  const made = await initFleet(join(directory, 'maker'), choices, world)
  const data = join(directory, 'maker/server')
  let server = await startServer(data)
  const home = { ...made.home, server: server.origin }
  await saveHome(home)
  const maker = {
    home,
    server: () => server,
    restart: async () => {
      server = await startServer(data, Number(new URL(home.server).port))
    },
    publish: async (revision: number) => {
      const path = writeLamp(join(directory, `lamp-${revision}`), revision)
      const cache = join(process.env.XDG_CACHE_HOME ?? tmpdir(), 'steadfleet-deb-cache')
      await mkdir(cache, { recursive: true })
      const architectures = [process.arch === 'arm64' ? 'arm64' : 'amd64'] as const
      const quiet = { now: new Date(), say: () => undefined }
      const fleet = { home, client: await connect(home) }
      return publishPackage(fleet, { path, revision, architectures, cache, ...quiet })
    },
    signUntil: (expires: Date) => signUntil(home, expires),
  }
  await maker.publish(1)
  return maker
}

/** The page of the other scenarios, under the maker's name. */
export function writeLamp(folder: string, revision: number): string {
  writePage(folder, revision, { probationSeconds: 1 })
  const file = join(folder, 'steadfleet.yaml')
  const manifest = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    manifest.replace('name: page\npublisher: acme', 'name: lamp\npublisher: bolt'),
  )
  return folder
}

async function signUntil(home: Home, until: Date): Promise<void> {
  const folder = join(home.directory, 'server/catalogue')
  const held = await readInForce(folder)
  const expires = toTimestamp(until)
  const put = (name: string, bytes: Uint8Array): void => writeFileSync(join(folder, name), bytes)
  const sign = async <S extends Signed>(signed: S, ...keys: Signer[]): Promise<Uint8Array> =>
    signMetadata({ ...signed, expires }, keys)
  const next = <S extends Signed>(signed: S): S => ({ ...signed, version: signed.version + 1 })
  const offline = (name: string) => keyIn(join(home.directory, 'offline'), name)
  const online = (name: string) => keyIn(join(home.directory, 'server/signer'), name)
  const three = (name: string) => [1, 2, 3].map(i => offline(`${name}-${i}`))
  const root = next(readSigned('root', held.root.bytes))
  const targets = next(readSigned('targets', held.targets.bytes))
  const role = next(readSigned('targets', held.roles.get(publisher)?.bytes ?? new Uint8Array()))
  const files = new Map([
    ['targets', await sign(targets, ...three('targets'))],
    [publisher, await sign(role, offline(`publisher-${publisher}`))],
  ])
  const snapshot = nextSnapshot(readSigned('snapshot', held.snapshot.bytes), files, until)
  const snapshotFile = await sign(snapshot, online('snapshot'))
  const { version } = readSigned('timestamp', held.timestamp.bytes)
  put(`${root.version}.root.json`, await sign(root, ...three('catalogue-root')))
  put(`${targets.version}.targets.json`, files.get('targets')!)
  put(`${role.version}.${publisher}.json`, files.get(publisher)!)
  put(`${snapshot.version}.snapshot.json`, snapshotFile)
  const timestamp = makeTimestamp(version + 1, snapshotFile, until)
  put('timestamp.json', await sign(timestamp, online('timestamp')))
}

export function keyIn(folder: string, name: string): Signer {
  const file = join(folder, `${name}.pem`)
  if (!existsSync(file)) throw new RangeError(`no key ${file}`)
  return signerFromPem(readFileSync(file, 'utf8'))
}
