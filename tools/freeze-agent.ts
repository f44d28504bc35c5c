import { readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'

/**
 * Keeps the built agent for the tests of servers to come: `node tools/freeze-agent.ts 0.1.0`, with each
 * release. `scenarios/earlier-agents.test.ts` runs every agent that was kept.
 */
const version = process.argv[2]
if (version === undefined) throw new TypeError('cannot freeze the agent: name its version')
const agent = readFileSync('build/steadfleet-agent.mjs')
const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 }
const kept = brotliCompressSync(agent, { params })
writeFileSync(`vectors/earlier/agent-${version}.mjs.br`, kept)
console.log(`agent ${version}: ${agent.length} bytes, kept in ${kept.length}`)
