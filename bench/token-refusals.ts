import { randomBytes } from 'node:crypto'
import { toBase64Url, toHex } from '@steadfleet/base'
import { createEnrolmentToken, enrolDevice, makeClient } from '@steadfleet/protocol'
import { signingOf } from '../packages/agent/src/server/enrol.ts'
import { makeTransport } from '../packages/agent/src/server/http.ts'
import { parseToken } from '../packages/agent/src/trust/enrolment.ts'
import { identityFromSeed } from '../packages/agent/src/trust/identity.ts'
import type { Stage } from '../packages/cli/src/demo/stage.ts'
import { type Benchmark, medianOf, round, spreadOf } from './figure.ts'
import { onStage } from './stage.ts'

const tries = 400

/** Whether a refusal's time tells a token that was used from one that never was. */
export const tokenRefusals: Benchmark = {
  name: 'token-refusals',
  what: `${tries} refusals each of a used and of an unknown enrolment token, by turns`,
  run: () =>
    onStage(2, async stage => {
      const used = await usedSecret(stage)
      const times = { used: [] as number[], unknown: [] as number[] }
      const { ask, close } = stranger(stage)
      for (let i = 0; i < tries; i += 1) {
        times.used.push(await ask(used))
        times.unknown.push(await ask(toBase64Url(randomBytes(32))))
      }
      close()
      const ratio = medianOf(times.used) / medianOf(times.unknown)
      const median = (kind: keyof typeof times) =>
        ({ value: medianOf(times[kind]), unit: 'ms', facts: spreadOf(times[kind]) }) as const
      return [
        { name: 'a used token', ...median('used') },
        { name: 'an unknown token', ...median('unknown') },
        { name: 'used against unknown', value: round(ratio), unit: 'times', facts: { tries } },
      ]
    }),
}

interface Stranger {
  readonly ask: (secret: string) => Promise<number>
  readonly close: () => void
}

/** Somebody with a key of their own who tries tokens. */
function stranger({ scene }: Stage): Stranger {
  const identity = identityFromSeed(randomBytes(32))
  const transport = makeTransport()
  const client = makeClient({ origin: scene.origin, transport, signing: signingOf(identity) })
  const publicKey = toHex(identity.publicKey)
  const claim = { publicKey, name: 'stranger', model: '', architecture: 'amd64' } as const
  const ask = async (token: string): Promise<number> => {
    const began = performance.now()
    await client.call(enrolDevice, { body: { token, claim } }).catch(() => undefined)
    return performance.now() - began
  }
  return { ask, close: () => transport.close() }
}

async function usedSecret(stage: Stage): Promise<string> {
  const { home, client } = stage.fleet
  const params = { fleet: home.fleet }
  const { token } = await client.call(createEnrolmentToken, { params, body: {} })
  const { secret } = parseToken(token)
  const first = stranger(stage)
  await first.ask(secret)
  first.close()
  return secret
}
