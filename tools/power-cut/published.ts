/** Revisions by package: what a generation is, as far as the laboratory cares. */
export type Revisions = Readonly<Record<string, number>>

/** How a release's app behaves, by what its script does. */
export type Manner = 'well' | 'never answers' | 'dies late'

export interface Published {
  readonly package: 'acme/hub' | 'acme/lamp'
  readonly revision: number
  readonly manner: Manner
  readonly migrates?: 'well' | 'badly'
  readonly together?: string
}

/** Everything the pretended maker ever published of its apps; the journeys order from it. */
export const published: readonly Published[] = [
  ...[1, 2].flatMap(revision => [hub(revision), lamp(revision)]),
  { ...hub(3), migrates: 'well' },
  lamp(3),
  hub(4, 'never answers'),
  hub(5, 'dies late'),
  { ...hub(6), migrates: 'badly' },
  { ...hub(7), together: 'acme/lamp' },
  { ...lamp(7, 'never answers'), together: 'acme/hub' },
  lamp(8, 'never answers'),
  { ...hub(9), migrates: 'well' },
  lamp(9),
  hub(10),
]

/** The agent as a package: by its revision, what its file does before anything else. */
export const publishedAgents: Readonly<Record<number, string>> = {
  1: '',
  2: "if (process.argv[2] === 'run') process.exit(3)",
}

function hub(revision: number, manner: Manner = 'well'): Published {
  return { package: 'acme/hub', revision, manner }
}

function lamp(revision: number, manner: Manner = 'well'): Published {
  return { package: 'acme/lamp', revision, manner }
}

/** A generation by its revisions; a package that is left out does not run. */
export function runs(ofHub: number, ofLamp?: number, ofAgent?: number): Revisions {
  return {
    'acme/hub': ofHub,
    ...(ofLamp !== undefined && { 'acme/lamp': ofLamp }),
    ...(ofAgent !== undefined && { 'acme/agent': ofAgent }),
  }
}

/** Whether two generations run the same. */
export function isSame(a: Revisions, b: Revisions): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every(name => a[name] === b[name])
}
