import { oneOf } from '@steadfleet/domain'
import { Type } from 'typebox'
import { roleNames } from './permissions.ts'

/** What somebody is, by fleet; under `*` for every fleet and for the server itself. */
export const RolesByFleet = Type.Record(
  Type.String({ pattern: '^([a-z][a-z0-9-]{0,39}|\\*)$' }),
  oneOf(...roleNames),
)
