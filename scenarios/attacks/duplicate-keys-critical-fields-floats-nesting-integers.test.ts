import { toUtf8 } from '../../packages/base/src/index.ts'
import { attack, type Row, type Scene } from './attack.ts'
import { signOnline, takenFile } from './forge.ts'
import { mount } from './mirror.ts'
import type { Mutation } from './mutant.ts'
import { revisions } from './prepared.ts'
import { replaceOnlineKeys } from './recover.ts'

const reader = 'packages/base/src/strict-json.ts'
const noIntegers: Mutation = {
  file: reader,
  before:
    "if (/^-?[0-9]+$/.test(token) && Number.isSafeInteger(value) && token !== '-0') return value",
  after: 'return value',
}

/** A timestamp that is well signed, with a member beside what is signed that is read in two ways. */
function twoReadings(what: string, members: string, without: Mutation): Row {
  return {
    attack: `a timestamp with ${what}`,
    code: /^trust\/malformed$/,
    without,
    strike: async ({ device, vault }: Scene) => {
      const honest = (await signOnline(vault)).get('timestamp.json') ?? new Uint8Array()
      const twisted = Buffer.from(honest).toString().replace('{', `{${members},`)
      const files = new Map([...(await signOnline(vault)), ['timestamp.json', toUtf8(twisted)]])
      await mount(device.proxy, { files })
      await device.order(revisions.next)
    },
    isWon: ({ device }) => takenFile(device, 'timestamp').startsWith(`{${members.slice(0, 60)}`),
    recover: ({ vault }) => replaceOnlineKeys(vault),
  }
}

attack(
  twoReadings('a key that stands twice', '"signed":{"version":99}', {
    file: reader,
    before: 'if (members.has(key)) {',
    after: 'if (members.has(key) && key === undefined) {',
  }),
  twoReadings('an unknown member that is critical', '"critical":["quorum"],"quorum":7', {
    file: 'packages/trust/src/shape.ts',
    before: 'if (unknown !== undefined) refuse(',
    after: 'if (unknown === null) refuse(',
  }),
  twoReadings('a fraction', '"weight":1.5', noIntegers),
  twoReadings('an integer that no double holds', '"size":9007199254740993', noIntegers),
  twoReadings(
    'a thousand lists within each other',
    `"deep":${'['.repeat(1000)}${']'.repeat(1000)}`,
    {
      file: reader,
      before: 'if (depth > this.#depthLimit) {',
      after: 'if (depth > 1e9) {',
    },
  ),
)
