import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { object, parserOf } from '@steadfleet/domain'
import { RolesByFleet } from '@steadfleet/protocol'
import { type Static, Type } from 'typebox'
import { ifThere } from '../disk/durable.ts'
import { ServerError } from '../error.ts'

const SignOnFile = object({
  /** What the provider calls itself; `https`, or a provider on this machine. */
  issuer: Type.String({ pattern: '^https?://[^\\s?#]+$', maxLength: 400 }),
  /** As people know it: it stands on a button. */
  name: Type.String({ minLength: 1, maxLength: 60 }),
  'client-id': Type.String({ minLength: 1, maxLength: 400 }),
  'client-secret': Type.String({ minLength: 1, maxLength: 1000 }),
  /** What is asked for beside `openid`. */
  scopes: Type.Optional(
    Type.Array(Type.String({ pattern: '^[!#-\\[\\]-~]{1,80}$' }), { maxItems: 20 }),
  ),
  roles: Type.Optional(
    object({
      /** The claim that tells a person’s groups. */
      claim: Type.String({ minLength: 1, maxLength: 120 }),
      /** What a member of each group is here, by fleet; where two speak of one fleet, the first counts. */
      groups: Type.Record(Type.String({ minLength: 1, maxLength: 200 }), RolesByFleet),
    }),
  ),
})
export type SignOnConfiguration = Static<typeof SignOnFile>

const parseFile = parserOf('sign-on.json', SignOnFile)

/** Reads the file that is named, or `sign-on.json` of a data directory; without it nobody signs in by a provider. */
export async function readSignOn(
  folder: string,
  named?: string,
): Promise<SignOnConfiguration | undefined> {
  const path = named ?? join(folder, 'sign-on.json')
  const text = await ifThere(readFile(path, 'utf8'))
  if (text === undefined && named === undefined) return undefined
  if (text === undefined) {
    throw new ServerError('server/configuration', `cannot use ${path} for sign-on: it is not there`)
  }
  // It holds a secret; the group may read, as a service’s own may.
  if (((await stat(path)).mode & 0o007) !== 0) {
    const message = `cannot use ${path}: everybody may read its secret (chmod o= it)`
    throw new ServerError('server/configuration', message)
  }
  const read = parseFile(JSON.parse(text))
  refusePlain(read.issuer)
  return read
}

/** Tokens cross the network readable where the issuer speaks plain HTTP; only this machine may. */
function refusePlain(issuer: string): void {
  const { protocol, hostname } = new URL(issuer)
  if (protocol === 'https:' || isLoopbackName(hostname)) return
  throw new ServerError(
    'server/configuration',
    `cannot sign people on by ${issuer}: it is not https`,
  )
}

export function isLoopbackName(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
