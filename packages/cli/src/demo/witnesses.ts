import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type WitnessAt, writeLogConfiguration } from '../fleet/first-log.ts'
import { addLog, makeWitness, witnessCommand } from '../log/witness-home.ts'
import { programs } from '../process/checkout.ts'
import { type Child, launch } from '../process/child.ts'
import { asUser, demoUsers, giveTo, mayRunAs } from '../process/users.ts'
import type { World } from '../world.ts'
import type { Scene } from './scene.ts'

const names = ['witness-1', 'witness-2'] as const

/** A witness of the demo that runs. */
export interface RunningWitness {
  readonly name: string
  readonly child: Child
  /** The user it is, where that is another than ours. */
  readonly uid: number | undefined
}

/** Makes the demo's witnesses, before the fleet that names them; where they answer is known later. */
export function makeWitnesses(scene: Scene, world: World): Promise<WitnessAt[]> {
  return Promise.all(
    names.map(async name => ({
      key: await makeWitness(folderOf(scene, name), `${name}.demo`, world.random),
      url: 'http://127.0.0.1:1',
    })),
  )
}

/** Starts the witnesses of a demo that has some, and tells its server where they answer. */
export async function startWitnesses(scene: Scene, world: World): Promise<RunningWitness[]> {
  const policy = join(scene.directory, 'log-policy.json')
  if (!existsSync(policy) || !existsSync(folderOf(scene, 'witness-1'))) return []
  const { key }: { key: string } = JSON.parse(await readFile(policy, 'utf8'))
  const running: RunningWitness[] = []
  const places: WitnessAt[] = []
  for (const name of names) {
    await addLog(folderOf(scene, name), key)
    const witness = await startOne(scene, name, await userFor(scene, name, world))
    running.push(witness)
    const ready: { origin: string; key: string } = JSON.parse(await witness.child.first)
    places.push({ key: ready.key, url: ready.origin })
  }
  const [origin = ''] = key.split('+')
  await writeLogConfiguration(join(scene.directory, 'server'), { origin, witnesses: places })
  return running
}

async function startOne(
  scene: Scene,
  name: string,
  uid: number | undefined,
): Promise<RunningWitness> {
  const command = await witnessCommand(folderOf(scene, name), '127.0.0.1:0')
  const child = launch({
    name: `the witness ${name}`,
    command: uid === undefined ? command : [...asUser(uid), ...command],
    log: scene.logOf(name),
    isReady: line => line.includes('"ready":true'),
  })
  return { name, child, uid }
}

/** The user that a witness shall be, whose alone its folder is then; ours where another could not run it. */
async function userFor(
  scene: Scene,
  name: (typeof names)[number],
  { isRoot }: World,
): Promise<number | undefined> {
  const uid = demoUsers[name]
  const folder = folderOf(scene, name)
  if (!isRoot || !(await mayRunAs(uid, programs.witness, dirname(folder)))) return undefined
  await mkdir(join(folder, 'state'), { recursive: true })
  await giveTo(join(folder, 'state'), { uid })
  await giveTo(folder, { uid })
  return uid
}

function folderOf({ directory }: Scene, name: string): string {
  return join(directory, 'demo', name)
}
