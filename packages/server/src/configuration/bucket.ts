import type { BucketPlace } from '../content/bucket.ts'
import { ServerError } from '../error.ts'
import type { Settings } from './configuration.ts'

/** The bucket that the settings say, and how it is reached; undefined where content stays in files. */
export function bucketOf(settings: Settings): BucketPlace | undefined {
  const named = settings['object-store']
  if (named === 'files' || 'folder' in named) return named === 'files' ? undefined : named
  return {
    ...named,
    region: settings['object-store-region'],
    endpoint: settings['object-store-endpoint'],
    key: keyOf(settings),
  }
}

function keyOf(settings: Settings): { readonly id: string; readonly secret: string } | undefined {
  const { 'object-store-key': id, 'object-store-secret': secret } = settings
  if (id !== undefined && secret !== undefined) return { id, secret }
  if (id === secret) return undefined
  const lacking = id === undefined ? 'object-store-key' : 'object-store-secret'
  const message = `cannot use the object store: ${lacking} is not said, and the other half of the key is`
  throw new ServerError('server/configuration', message, { setting: lacking })
}
