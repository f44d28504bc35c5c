import { type Digest, parseStrictJson } from '@steadfleet/base'
import { digestIn, type ModelStatement, modelStatement } from '@steadfleet/trust'
import { ServerError } from './error.ts'
import type { House } from './house.ts'
import { fleetNamed } from './store/fleet-store.ts'

/** The model of a fleet, by the target path that names it, or undefined where nobody published it. */
export async function modelAt(
  { catalogues, content }: Pick<House, 'catalogues' | 'content'>,
  path: string,
): Promise<ModelStatement | undefined> {
  const roles = catalogues.all().flatMap(one => [...(one.inForce()?.roles.values() ?? [])])
  for (const { signed } of roles) {
    const target = signed.targets.get(path)
    if (!target) continue
    const digest: Digest = digestIn(target.hashes, path)
    return modelStatement(parseStrictJson(await content.objects.read(digest)), path)
  }
  return undefined
}

/** A device would refuse an order without it; so the package stays. */
export async function refuseRequiredPackage(
  house: House,
  fleet: string,
  name: string,
): Promise<void> {
  const { model } = await fleetNamed(house.store.db, fleet)
  const statement = await modelAt(house, model)
  if (!statement?.required.includes(name)) return
  const message = `cannot remove ${name} from ${fleet}: model ${model} requires it`
  throw new ServerError('fleet/required-package', message, { package: name, model })
}
