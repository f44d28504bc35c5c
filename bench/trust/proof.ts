import { toLogProofText } from '@steadfleet/authority'
import { pretendCosigned, pretendLog, pretendLogPolicy } from '@steadfleet/authority/testing'
import { toUtf8 } from '@steadfleet/base'
import { acceptLogged, logPolicy, parseLogProof } from '@steadfleet/trust'
import { type Benchmark, medianOf, spreadOf } from '../figure.ts'

const leaves = 100_000
const checks = 1000
const witnesses = ['tower', 'harbour', 'mill']

/** What it costs to see that the log holds a release, its checkpoint signed and cosigned. */
export const proofCheck: Benchmark = {
  name: 'trust-proof',
  what: `the proof of one leaf in a log of ${leaves}, two of three witnesses, read and checked`,
  async run() {
    const log = await pretendLog(leaves)
    const policy = logPolicy(pretendLogPolicy(witnesses, 2), 'policy')
    const checkpoint = await pretendCosigned(await log.checkpointBy('log'), witnesses)
    const times: number[] = []
    for (let i = 0; i < checks; i += 1) {
      const index = (i * 97) % leaves
      const text = toLogProofText(await log.prove(checkpoint, index))
      const leaf = toUtf8(`leaf ${index}`)
      const began = performance.now()
      acceptLogged(policy, undefined, parseLogProof(text), leaf)
      times.push(performance.now() - began)
    }
    return [{ name: 'proof check', value: medianOf(times), unit: 'ms', facts: spreadOf(times) }]
  },
}
