import { parsePackageName } from '@steadfleet/domain'
import { deviceTimeline, listReleases } from '@steadfleet/protocol'
import { acceptGoodRelease } from '../packages/cli/src/demo/releases.ts'
import { greenhouse } from '../packages/cli/src/demo/revisions.ts'
import type { Stage } from '../packages/cli/src/demo/stage.ts'
import { type Benchmark, type Figure, round } from './figure.ts'
import { onStage } from './stage.ts'

/** The points of the story before revision 2: keys, server, devices, revision 1. */
const before = 4

/** The number that the design is for, in the small: three devices, the default phases. */
export const publishToCommitted: Benchmark = {
  name: 'publish-to-committed',
  what: 'greenhouse 2, from `publish` to three signed reports, and the bytes it took',
  run: () =>
    onStage(before, async stage => {
      const began = performance.now()
      await acceptGoodRelease(stage, () => undefined)
      const seconds = round((performance.now() - began) / 1000)
      const facts = { devices: stage.actors.length, phases: 'one, a tenth, all' }
      const name = 'publish to committed on every device'
      return [{ name, value: seconds, unit: 's', facts }, ...(await fetched(stage))]
    }),
}

/** What a device says it fetched: revision 1 as a full bundle, of revision 2 only what changed. */
async function fetched(stage: Stage): Promise<Figure[]> {
  const { client } = stage.fleet
  const query = { package: parsePackageName(greenhouse) }
  const releases = await client.call(listReleases, { query })
  const [device] = await stage.devices()
  if (!device) return []
  const entries = await client.call(deviceTimeline, { params: { device: device.id }, query: {} })
  const bytesOf = (revision: number): number => {
    const size = releases.find(one => one.revision === revision)?.size
    const bytes = entries.find(({ event }) => event.details?.size === size)?.event.details?.bytes
    return typeof bytes === 'number' ? bytes : Number.NaN
  }
  const [full, change] = [bytesOf(1), bytesOf(2)]
  const tree = releases[0]?.size ?? 0
  const percent = round((100 * change) / full)
  return [
    { name: 'full bundle of revision 1', value: full, unit: 'bytes', facts: { tree } },
    { name: 'fetched for revision 2', value: change, unit: 'bytes', facts: { tree, percent } },
  ]
}
