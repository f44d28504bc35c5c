import { type Cut, imageAfter, losingCuts, plainCuts, spread } from './cuts.ts'
import type { Journey } from './journeys.ts'
import { Laboratory } from './laboratory.ts'
import type { PlannedPart, ToldOfPart } from './lanes.ts'
import type { Manifestation } from './lives.ts'
import { filesIn, type LostState, lostStates } from './lost-states.ts'
import { beginningOf, type Recording, record } from './recording.ts'
import { recover, type Verdict } from './recover.ts'
import type { Result } from './tally.ts'
import { type Traced, trace } from './traced.ts'

/** How power is cut: after each thing the disk was told, or with some of it lost on the way. */
export const ways = ['disk', 'lost', 'files', 'again'] as const
export type Way = (typeof ways)[number]

/** What one lane of a run is to do: a laboratory for all of it. */
interface Plan {
  readonly parts: readonly Part[]
  readonly tell: (result: ToldOfPart) => void
  /** Ends the run after the cut that is under way. */
  readonly stop: AbortSignal
}

interface Part extends Omit<PlannedPart, 'journeys'> {
  readonly journeys: readonly Journey[]
}

/** What a lane knows of a cut. */
export type Told = Omit<Result, 'agent' | 'commit'>

/** Opens a laboratory, plays all that is planned, and cuts it. */
export async function playLane({ parts, tell, stop }: Plan): Promise<void> {
  await using laboratory = await Laboratory.open(parts[0]?.patience)
  const recordings = new Map<string, Promise<Traced>>()
  for (const [i, part] of parts.entries()) {
    laboratory.patience = part.patience
    const traced = (journey: Journey) => {
      const key = `${journey.name} ${part.file}`
      const known = recordings.get(key) ?? traceFrom(laboratory, journey, part.file)
      // It holds a disk and all that this was told: it is kept only for who plays it again.
      if (isPlayedAgain(parts.slice(i + 1), part, journey)) recordings.set(key, known)
      else recordings.delete(key)
      return known
    }
    await playPart(part, { laboratory, traced, stop, tell: told => tell({ part: i, ...told }) })
  }
}

function isPlayedAgain(later: readonly Part[], { file }: Part, journey: Journey): boolean {
  return later.some(part => part.file === file && part.journeys.includes(journey))
}

interface Playing {
  readonly laboratory: Laboratory
  /** The recording of a journey: one for all ways in which it is cut. */
  readonly traced: (journey: Journey) => Promise<Traced>
  readonly tell: (result: Told) => void
  readonly stop: AbortSignal
}

async function playPart(part: Part, playing: Playing): Promise<void> {
  for (const journey of part.journeys) {
    const wanted = part.ways.map(way => ({
      way,
      places: part.places[`${journey.name} ${way}`] ?? [],
    }))
    if (playing.stop.aborted || wanted.every(({ places }) => places.length === 0)) continue
    const traced = await playing.traced(journey)
    for (const { way, places } of wanted) await cutAt(part, playing, traced, way, places)
  }
}

async function traceFrom(laboratory: Laboratory, journey: Journey, file?: string): Promise<Traced> {
  return trace(laboratory, journey, await beginningOf(laboratory, journey), file)
}

/** Cuts the recording at these places, as far as there are so many. */
async function cutAt(
  { how, only = '' }: Part,
  { laboratory, tell, stop }: Playing,
  traced: Traced,
  way: Way,
  places: readonly number[],
): Promise<void> {
  const cuts = cutsOf[way](traced).filter(({ name }) => new RegExp(only).test(name))
  for (const position of places) {
    const cut = cuts[position]
    if (cut === undefined || stop.aborted) return
    const { said, ...verdict } = await come(cut, laboratory, how)
    const isWell = verdict.broken.length + verdict.lost.length === 0
    const named = { journey: traced.recording.journey.name, way, position, cut: cut.name }
    tell({ ...named, ...verdict, ...(!isWell && { said }) })
  }
}

/** What keeps a cut from being made is no less broken than what comes of it. */
async function come(cut: NamedCut, laboratory: Laboratory, how: Manifestation): Promise<Verdict> {
  try {
    return await cut.come(laboratory, how)
  } catch (error) {
    const why = error instanceof Error ? `${error.message} ${error.cause ?? ''}` : String(error)
    return { found: 'none', broken: [why], lost: [], said: '' }
  }
}

interface NamedCut {
  readonly name: string
  readonly come: (laboratory: Laboratory, how: Manifestation) => Promise<Verdict>
}

/** In the order in which they are tried: every beginning is of the whole journey. */
const cutsOf: Readonly<Record<Way, (traced: Traced) => NamedCut[]>> = {
  disk: ({ recording }) =>
    inSpread(plainCuts(recording.events, recording.from)).map(cut => onDisk(recording, cut)),
  lost: ({ recording }) =>
    inSpread(losingCuts(recording.events, recording.from)).map(cut => onDisk(recording, cut)),
  files: traced =>
    traced.recording.journey.needsDisk
      ? []
      : inSpread(lostStates(traced.acts)).map(state => onFiles(traced, state)),
  again: ({ recording }) =>
    inSpread(plainCuts(recording.events, recording.from)).flatMap((cut, i) =>
      againOnDisk(recording, cut, (i * goldenShare) % 1),
    ),
}

function inSpread<T>(all: readonly T[]): T[] {
  return spread(all.length).flatMap(i => all[i] ?? [])
}

/** So many second cuts are of one recovery: to record it costs more than to cut it. */
export const cutsOfRecovery = 4

/** The recovery from a first cut is recorded, and cut too: somewhere else for each first cut. */
function againOnDisk({ before, events, journey }: Recording, cut: Cut, shift: number): NamedCut[] {
  let recovery: Promise<Recording> | undefined
  return Array.from({ length: cutsOfRecovery }, (_, i) => {
    const share = (i + shift) / cutsOfRecovery
    return {
      name: `${JSON.stringify(cut)}, then at ${share.toFixed(3)} of the recovery`,
      async come(laboratory, how) {
        recovery ??= record(laboratory, journey, imageAfter(before, events, cut))
        const second = await recovery
        const cuts = plainCuts(second.events, second.from)
        const next = cuts[Math.floor(share * cuts.length)]
        if (next === undefined) throw new Error('the recovery told the disk nothing')
        if (i === cutsOfRecovery - 1) recovery = undefined
        return onDisk(second, next).come(laboratory, how)
      },
    }
  })
}

const goldenShare = 0.618_033_988_75

function onDisk(recording: Recording, cut: Cut): NamedCut {
  const { before, events } = recording
  return {
    name: JSON.stringify(cut),
    come: (laboratory, how) =>
      laboratory.onDisk(imageAfter(before, events, cut), () => recover(laboratory, recording, how)),
  }
}

function onFiles({ recording, before, acts }: Traced, state: LostState): NamedCut {
  const { count, why, kept } = state
  const act = (i: number) => `${i} ${acts[i]?.call}`
  return {
    name: `after ${act(count - 1)}: ${why}${kept.length > 3 ? '' : `: ${kept.map(act).join('; ')}`}`,
    come: (laboratory, how) =>
      laboratory.onFiles(filesIn(before, acts, state), () => recover(laboratory, recording, how)),
  }
}
