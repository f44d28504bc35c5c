import { type Digest, parseStrictJson } from '@steadfleet/base'
import { type GrantRules, parseModelGrants } from '@steadfleet/domain'
import { digestIn, type ModelStatement, modelStatement } from '@steadfleet/trust'
import { ServerError, unknown } from './error.ts'
import type { House } from './house.ts'
import { fleetNamed, packagesOf } from './store/fleet-store.ts'

/** A statement, with what it grants by rule to the packages of its devices. */
export interface PublishedModel extends ModelStatement {
  readonly grants: GrantRules
}

/** The model of a fleet, by the target path that names it, or undefined where nobody published it. */
export async function modelAt(
  { catalogues, content }: Pick<House, 'catalogues' | 'content'>,
  path: string,
): Promise<PublishedModel | undefined> {
  const roles = catalogues.all().flatMap(one => [...(one.inForce()?.roles.values() ?? [])])
  for (const { signed } of roles) {
    const target = signed.targets.get(path)
    if (!target) continue
    const digest: Digest = digestIn(target.hashes, path)
    const read = parseStrictJson(await content.objects.read(digest))
    return { ...modelStatement(read, path), grants: parseModelGrants(read).grants ?? {} }
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

/** The name of a model, out of the target path of a statement of it. */
export function nameOfModel(path: string): string {
  return path.split('/').slice(0, 2).join('/')
}

/**
 * The statement, unless the fleet could not be ordered by it. Errors: `fleet/unknown-model`,
 * `fleet/other-model`, `fleet/required-package`.
 */
export async function refuseUnfitModel(
  house: House,
  fleet: string,
  path: string,
): Promise<PublishedModel> {
  const { model } = await fleetNamed(house.store.db, fleet)
  const statement = await modelAt(house, path)
  if (!statement) throw unknown('fleet/unknown-model', `model ${path}`, { model: path })
  if (nameOfModel(model) !== nameOfModel(path)) {
    const message = `cannot make ${path} the model of ${fleet}: its devices are ${nameOfModel(model)}`
    throw new ServerError('fleet/other-model', message, { model: path })
  }
  const followed = (await packagesOf(house.store.db, fleet)).map(one => one.package)
  const lacking = statement.required.filter(name => !followed.includes(name))
  if (lacking.length === 0) return statement
  const message = `cannot make ${path} the model of ${fleet}: it requires ${lacking.join(', ')}, which the fleet does not run`
  throw new ServerError('fleet/required-package', message, { model: path, packages: lacking })
}
