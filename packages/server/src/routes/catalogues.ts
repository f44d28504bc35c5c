import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isBin } from '@steadfleet/authority'
import { digestOf, fromBase64 } from '@steadfleet/base'
import { type PublisherName, toTimestamp } from '@steadfleet/domain'
import {
  type BodyOf,
  type CatalogueView,
  followCatalogue,
  getFileOfCatalogue,
  listCatalogues,
  makeCatalogue,
  makeCatalogueKeys,
  publishFiles,
  publishFilesIn,
  publishRole,
  publishRoleIn,
} from '@steadfleet/protocol'
import { announce } from '../announce.ts'
import type { Served } from '../catalogue/catalogues.ts'
import { checkReleases } from '../catalogue/check-release.ts'
import type { House } from '../house.ts'
import { type Handle, sent } from '../http/handle.ts'
import { sendReplaced } from '../http/send-file.ts'

/** So long a publisher is let wait for the log's witnesses; then it is told that it does. */
const witnessPatienceMs = 10_000

/** The catalogues that devices of this server follow: its own, and those of others, mirrored. */
export function handleCatalogues(handle: Handle, house: House): void {
  const { catalogues } = house

  handle(getFileOfCatalogue, async ({ params, reply }) => {
    const { folder: root } = catalogues.named(params.catalogue)
    reply.type('application/json; charset=utf-8')
    await sendReplaced(reply, { root, path: params.file, what: `catalogue file ${params.file}` })
    return sent
  })

  handle(listCatalogues, async () => Promise.all(catalogues.all().map(toView)))

  handle(publishRole, ({ params: { role }, body }) =>
    publish(house, catalogues.first().name, role, new Map([[role, body]])),
  )

  handle(publishRoleIn, ({ params: { catalogue, role }, body }) =>
    publish(house, catalogue, role, new Map([[role, body]])),
  )

  handle(publishFiles, ({ params: { role }, body }) =>
    publish(house, catalogues.first().name, role, toFiles(body)),
  )

  handle(publishFilesIn, ({ params: { catalogue, role }, body }) =>
    publish(house, catalogue, role, toFiles(body)),
  )

  handleMaking(handle, house)
}

function handleMaking(handle: Handle, house: House): void {
  const { catalogues, notes } = house

  handle(makeCatalogueKeys, async ({ params }) => {
    catalogues.refuseTaken(params.catalogue)
    return catalogues.makeKeys(params.catalogue)
  })

  handle(makeCatalogue, async ({ params, body }) => {
    const roles = Object.entries(body.roles).map(
      ([role, text]) => [role, fromBase64(text)] as const,
    )
    const [root, targets] = [fromBase64(body.root), fromBase64(body.targets)]
    const made = await catalogues.make(params.catalogue, { root, targets, roles: new Map(roles) })
    house.keyHolders.clear()
    house.log.nudge()
    await house.secondStore.keepAll()
    return toView(made)
  })

  handle(followCatalogue, async ({ params, body }) => {
    const followed = await catalogues.follow(params.catalogue, body)
    house.log.nudge()
    await notes.noteAll()
    announce(house, 'releases')
    await house.secondStore.keepAll()
    return toView(followed)
  })
}

function toFiles({ files }: BodyOf<typeof publishFiles>): Map<string, Uint8Array> {
  return new Map(files.map(({ name, file }) => [name, fromBase64(file)]))
}

async function publish(
  house: House,
  catalogue: string,
  publisher: string,
  files: ReadonlyMap<string, Uint8Array>,
) {
  const { catalogues, content, log, notes } = house
  const own = catalogues.own(catalogue)
  const { version, added } = await own.publish(publisher, files, async accepted => {
    notes.expect(await checkReleases(content.objects, accepted))
    await house.secondStore.keepObjects()
  })
  house.keyHolders.clear()
  await house.secondStore.keepAll()
  const isLogged = await log.settle(witnessPatienceMs)
  await notes.noteAll()
  announce(house, 'releases')
  const [published, waiting] = isLogged ? [added, []] : [[], added]
  return { version, published: [...published], waiting: [...waiting] }
}

async function toView({ name, folder, mirror, inForce }: Served): Promise<CatalogueView> {
  const held = inForce()
  const top = held && [held.root, held.timestamp, held.snapshot, held.targets]
  const ends = top?.map(({ signed }) => signed.expires.getTime())
  return {
    name: name as PublisherName,
    root: mirror?.source.root ?? digestOf(await readFile(join(folder, '1.root.json'))),
    origin: mirror?.source.origin ?? null,
    publishers: [...(held?.roles.keys() ?? [])].filter(role => !isBin(role)) as PublisherName[],
    expires: ends ? toTimestamp(new Date(Math.min(...ends))) : null,
  }
}
