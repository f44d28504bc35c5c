import { pipeline } from 'node:stream/promises'
import { nextVersion, readSigned, signMetadata } from '../../packages/authority/src/index.ts'
import { digestOf, toUtf8 } from '../../packages/base/src/index.ts'
import { broken, type Deed } from '../proxy.ts'
import { attack, type Row } from './attack.ts'
import { signOnline } from './forge.ts'
import { mount } from './mirror.ts'
import type { Mutation } from './mutant.ts'
import { revisions } from './prepared.ts'
import { serve } from './recover.ts'
import { roleIn, type Vault } from './vault.ts'

const megabyte = 1024 * 1024
/** More than any cap, with all that sockets and their buffers may take on the way. */
const enough = 48 * megabyte

const noCap: Mutation = {
  file: 'packages/protocol/src/capped.ts',
  before: 'if (length > limit) {',
  after: `if (length > ${2 * enough}) {`,
}

/** What is asked for comes, and goes on for as long as somebody takes it, or enough was taken. */
function endless(what: string, path: RegExp, code: RegExp, without: Mutation): Row {
  const sent = new Map<string, number>()
  return {
    attack: `endless data for ${what}`,
    code,
    without,
    // Not had before the strike, or the device would not ask for it again.
    before: ({ device }) => {
      device.proxy.rule = asked => (path.test(asked) ? broken : undefined)
    },
    strike: async ({ device }) => {
      const pour: Deed = async ({ reply }) => {
        reply.writeHead(200)
        const piece = Buffer.alloc(megabyte / 4, ' ')
        const pieces = function* () {
          for (let bytes = 0; bytes <= enough; bytes += piece.length) {
            sent.set(device.name, Math.max(bytes, sent.get(device.name) ?? 0))
            yield piece
          }
        }
        await pipeline(pieces, reply)
      }
      await mount(device.proxy, { rule: asked => (path.test(asked) ? pour : undefined) })
      await device.order(revisions.next)
    },
    isWon: ({ device }) => (sent.get(device.name) ?? 0) >= enough,
  }
}

const page = digestOf(toUtf8(`revision ${revisions.next}\n`))
const capped = /^trust\/endless-data$/

/** A device asks for the targets only where they have changed. */
async function renewTargets(vault: Vault): Promise<void> {
  const held = readSigned('targets', roleIn(vault, 'targets'))
  const next = nextVersion(held, 'targets', new Date())
  const targets = await signMetadata(next, vault.offline.targets.slice(0, 2))
  serve(vault, await signOnline(vault, new Map([['targets', targets]])))
}

attack(
  endless('root', /\/3\.root\.json$/, capped, noCap),
  endless('the timestamp', /\/timestamp\.json$/, capped, noCap),
  endless('the snapshot', /\/\d+\.snapshot\.json$/, capped, noCap),
  {
    ...endless('the targets', /\/3\.targets\.json$/, capped, noCap),
    prepare: renewTargets,
  },
  endless('a publisher’s role', /\/\d+\.acme\.json$/, capped, noCap),
  endless('an object', new RegExp(`/objects/${page}$`), /^agent\/too-long$/, {
    file: 'packages/agent/src/store/download.ts',
    before: 'if (held + received > limit) throw tooLong(limit)',
    after: '',
  }),
)
