import { object } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { publisherAndName } from './params.ts'

const base64 = Type.String({ maxLength: 8 * 1024 * 1024, pattern: '^[A-Za-z0-9+/]+=*$' })

/** Its URL never changes, and what is at it neither: gateways keep copies. RFC 8520 §5 */
export const getMudFile = route({
  method: 'GET',
  path: '/v1/mud/:publisher/:name/:file',
  needs: 'anyone',
  summary: 'The MUD file of a device’s model and revision, as 3.json, or its signature, as 3.p7s.',
  params: object({
    ...publisherAndName,
    file: Type.String({ pattern: '^[1-9][0-9]{0,9}\\.(json|p7s)$' }),
  }),
  reply: 'bytes',
})

export const publishMudFile = route({
  method: 'PUT',
  path: '/v1/mud/:publisher/:name/:revision',
  needs: 'release:publish',
  summary: 'Publish the MUD file of a device’s model and revision, with its maker’s signature.',
  params: object({
    ...publisherAndName,
    revision: Type.String({ pattern: '^[1-9][0-9]{0,9}$' }),
  }),
  body: object({ file: base64, signature: base64 }),
  reply: 'nothing',
})
