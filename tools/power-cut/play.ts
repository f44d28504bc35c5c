import { imageAfter, losingCuts, plainCuts, spread } from './cuts.ts'
import type { Journey } from './journeys.ts'
import { Laboratory } from './laboratory.ts'
import type { Manifestation } from './lives.ts'
import { beginningOf, type Recording, record } from './recording.ts'
import { recover, type Verdict } from './recover.ts'
import type { Result } from './tally.ts'

/** How power is cut: after each thing the disk was told, or with some of it lost on the way. */
export const ways = ['disk', 'lost'] as const
export type Way = (typeof ways)[number]

/** What one lane of a run is to do. */
export interface Plan {
  readonly journeys: readonly Journey[]
  readonly ways: readonly Way[]
  readonly how: Manifestation
  /** By journey and way, places in the order in which cuts are tried. */
  readonly places: Readonly<Record<string, readonly number[]>>
  readonly tell: (result: Result) => void
  /** Ends the run after the cut that is under way. */
  readonly stop: AbortSignal
}

/** Opens a laboratory, plays all that is planned, and cuts it. */
export async function playLane(plan: Plan): Promise<void> {
  await using laboratory = await Laboratory.open()
  for (const journey of plan.journeys) {
    const wanted = plan.ways.map(way => ({
      way,
      places: plan.places[`${journey.name} ${way}`] ?? [],
    }))
    if (plan.stop.aborted || wanted.every(({ places }) => places.length === 0)) continue
    const recording = await record(laboratory, journey, await beginningOf(laboratory, journey))
    for (const { way, places } of wanted) await cutAt(plan, laboratory, recording, way, places)
  }
}

/** Cuts the recording at these places, as far as there are so many. */
async function cutAt(
  { how, tell, stop }: Plan,
  laboratory: Laboratory,
  recording: Recording,
  way: Way,
  places: readonly number[],
): Promise<void> {
  const cuts = cutsOf[way](recording)
  const order = spread(cuts.length)
  for (const position of places) {
    const cut = cuts[order[position] ?? -1]
    if (cut === undefined || stop.aborted) return
    const { said, ...verdict } = await cut.come(laboratory, how)
    const isWell = verdict.broken.length + verdict.lost.length === 0
    const named = { journey: recording.journey.name, way, position, cut: cut.name }
    tell({ ...named, ...verdict, ...(!isWell && { said }) })
  }
}

interface NamedCut {
  readonly name: string
  readonly come: (laboratory: Laboratory, how: Manifestation) => Promise<Verdict>
}

const cutsOf: Readonly<Record<Way, (recording: Recording) => NamedCut[]>> = {
  disk: recording => plainCuts(recording.events, recording.from).map(cut => onDisk(recording, cut)),
  lost: recording =>
    losingCuts(recording.events, recording.from).map(cut => onDisk(recording, cut)),
}

function onDisk(recording: Recording, cut: ReturnType<typeof plainCuts>[number]): NamedCut {
  const { before, events } = recording
  return {
    name: JSON.stringify(cut),
    come: (laboratory, how) =>
      laboratory.onDisk(imageAfter(before, events, cut), () => recover(laboratory, recording, how)),
  }
}
