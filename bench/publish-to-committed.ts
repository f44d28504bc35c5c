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

/** What the devices say they fetched, of revision 1 (whole) and of revision 2 (what changed). */
async function fetched(stage: Stage): Promise<Figure[]> {
  const { client } = stage.fleet
  const releases = await client.call(listReleases, {
    query: { package: parsePackageName(greenhouse) },
  })
  const [device] = await stage.devices()
  if (!device) return []
  const entries = await client.call(deviceTimeline, { params: { device: device.id }, query: {} })
  return releases
    .sort((a, b) => a.revision - b.revision)
    .flatMap(({ revision, size }) => {
      const details = entries.find(({ event }) => event.details?.size === size)?.event.details
      const value = details?.bytes
      if (typeof value !== 'number') return []
      const share = round((100 * value) / size)
      const facts = { tree: size, percent: share }
      return [{ name: `bytes fetched for revision ${revision}`, value, unit: 'bytes', facts }]
    })
}
