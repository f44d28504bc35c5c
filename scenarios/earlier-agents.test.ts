import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { brotliDecompressSync } from 'node:zlib'
import { programs } from '../packages/cli/src/process/checkout.ts'
import { whyNoPage } from './page.ts'
import { Siege } from './siege.ts'

const kept = globSync('vectors/earlier/agent-*.mjs.br').sort()
const calm = { probationSeconds: 1, isWatched: false }

test('agents of earlier releases are kept', () => assert.notEqual(kept.length, 0))

for (const file of kept) {
  test(`${basename(file)} joins today's server, updates, goes back, and hands over to today's agent`, {
    skip: whyNoPage(),
  }, async t => {
    const siege = await Siege.open(['earlier'], { page: calm, program: unpack(t, file) })
    t.after(() => siege.close())
    const device = siege.device('earlier')
    await siege.publishPage(2, calm)
    await device.order(2)
    await device.runs(2)
    await siege.publishPage(3, { ...calm, script: 'exit 3' })
    await device.order(3)
    await device.failure(({ failure }) => failure.kind !== 'postponed')
    await device.serves(2)

    const newer = await siege.replaceAgent('earlier', programs.builtAgent)
    await newer.serves(2)
    await siege.publishPage(4, calm)
    await newer.order(4)
    await newer.runs(4)
  })
}

function unpack(t: TestContext, file: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-earlier-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const program = join(folder, 'steadfleet-agent.mjs')
  writeFileSync(program, brotliDecompressSync(readFileSync(file)))
  return program
}
