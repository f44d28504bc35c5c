import { cpus } from 'node:os'
import { agentIdle } from './agent/idle.ts'
import { agentUpdate } from './agent/update.ts'
import { checkIns } from './check-ins.ts'
import { confinedMemory } from './confine/apps.ts'
import { confineCompile } from './confine/compile.ts'
import { confinedStart } from './confine/start.ts'
import { networkThroughput } from './confine/throughput.ts'
import type { Benchmark } from './figure.ts'
import { fleetMoved } from './fleet.ts'
import { groups } from './groups.ts'
import { idleMemory } from './idle-memory.ts'
import { publishToCommitted } from './publish-to-committed.ts'
import { serverCheckIns } from './server/check-ins.ts'
import { serverStreams } from './server/streams.ts'
import { tokenRefusals } from './token-refusals.ts'
import { treeCheck } from './tree-check.ts'
import { orderSigning } from './trust/orders.ts'
import { proofCheck } from './trust/proof.ts'
import { orderServing } from './trust/served.ts'
import { verifyFromNothing } from './trust/verify.ts'

/** Every benchmark, the quickest first. */
const benchmarks: readonly Benchmark[] = [
  confinedStart,
  confineCompile,
  confinedMemory,
  networkThroughput,
  treeCheck,
  checkIns,
  tokenRefusals,
  groups,
  idleMemory,
  agentIdle,
  agentUpdate,
  publishToCommitted,
  fleetMoved,
  serverCheckIns,
  serverStreams,
  proofCheck,
  orderSigning,
  orderServing,
  verifyFromNothing,
]

const wanted = process.argv.slice(2)
const chosen = benchmarks.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
if (chosen.length === 0) {
  console.error(`cannot run ${wanted.join(', ')}: there are only`)
  for (const { name, what } of benchmarks) console.error(`  ${name.padEnd(22)} ${what}`)
  process.exitCode = 2
}
for (const { name, what, run } of chosen) {
  console.log(`\n${name}: ${what}`)
  for (const figure of await run()) {
    console.log(`  ${figure.name.padEnd(44)} ${String(figure.value).padStart(12)} ${figure.unit}`)
    const line = { ...figure, benchmark: name, cores: cpus().length, node: process.version }
    console.log(JSON.stringify(line))
  }
}
