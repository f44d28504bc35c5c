/** Something that is told of a document: how it is called, and the lines under that. */
export interface Told {
  readonly document: string
  readonly lines: readonly string[]
}

/** Bins of which the same is told are told once, by how many they are: there may be thousands. */
export function foldBins(all: readonly Told[]): Told[] {
  const groups = Map.groupBy(all, told => (isBin(told) ? behindName(told) : told))
  return [...groups.values()].flatMap(group => {
    const [first, last] = [group[0], group.at(-1)]
    if (!first || !last || group.length === 1) return group
    const document = `${first.document} … ${last.document}, ${group.length} bins`
    return [{ document, lines: first.lines }]
  })
}

function isBin({ document }: Told): boolean {
  return document.includes('.bin-')
}

/** All that is told but the name: the versions that stand behind it, and the lines. */
function behindName({ document, lines }: Told): string {
  return [document.replace(/\S+\.bin-\S+/, ''), ...lines].join('\n')
}
