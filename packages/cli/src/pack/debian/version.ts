/** Which of two Debian versions is newer: below, at or above zero. deb-version(7) */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [splitVersion(a), splitVersion(b)]
  return (
    left.epoch - right.epoch ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  )
}

/** Whether a version is in the relation that a dependency asks for. Debian Policy §7.1 */
export function isInRelation(version: string, relation: string, wanted: string): boolean {
  const order = compareVersions(version, wanted)
  const test = Object.hasOwn(relations, relation) ? relations[relation] : undefined
  return test?.(order) ?? false
}

const relations: Readonly<Record<string, (order: number) => boolean>> = {
  '<<': order => order < 0,
  '<=': order => order <= 0,
  '=': order => order === 0,
  '>=': order => order >= 0,
  '>>': order => order > 0,
}

function splitVersion(version: string): { epoch: number; upstream: string; revision: string } {
  const colon = version.indexOf(':')
  const dash = version.lastIndexOf('-')
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: version.slice(colon + 1, dash < 0 ? undefined : dash),
    revision: dash < 0 ? '' : version.slice(dash + 1),
  }
}

/** Text and number by turns: text by {@link compareText}, number by its value. */
function comparePart(a: string, b: string): number {
  const [left, right] = [piecesOf(a), piecesOf(b)]
  let [i, j] = [0, 0]
  while (i < left.length || j < right.length) {
    const [textA, textB] = [textAt(left, i), textAt(right, j)]
    i += textA === '' ? 0 : 1
    j += textB === '' ? 0 : 1
    const order = compareText(textA, textB) || compareNumbers(left[i++], right[j++])
    if (order !== 0) return order
  }
  return 0
}

function piecesOf(part: string): readonly string[] {
  return part.match(/\D+|\d+/g) ?? []
}

function textAt(pieces: readonly string[], at: number): string {
  const piece = pieces[at] ?? ''
  return /^\d/.test(piece) ? '' : piece
}

function compareNumbers(a = '0', b = '0'): number {
  return Math.sign(Number(BigInt(a) - BigInt(b)))
}

/** `~` before the end of the text, the end before letters, letters before all else. */
function compareText(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = rankAt(a, i) - rankAt(b, i)
    if (order !== 0) return order
  }
  return 0
}

function rankAt(text: string, at: number): number {
  const character = text[at]
  if (character === undefined) return 0
  if (character === '~') return -1
  const code = character.charCodeAt(0)
  return /[A-Za-z]/.test(character) ? code : code + 256
}
