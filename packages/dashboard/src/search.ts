import type { DeviceView } from '@steadfleet/protocol'
import { changeMeanings, type Tone } from './tone.ts'

/** The quick choices above the list of devices, and the query of each. */
export const choices = {
  all: '',
  silent: 'silent',
  held: 'held',
  isolated: 'isolated',
} as const satisfies Readonly<Record<string, string>>
export type Choice = keyof typeof choices

/** What a person asks of the list of devices; it stands in the address of the page. */
export interface DeviceSearch {
  readonly words: string
  /** In the Common Expression Language. */
  readonly query: string
  readonly group: string
  readonly choice: Choice
}

/** What the server is asked: the words as they are, all the rest as one query. */
export interface DeviceQuestion {
  readonly search?: string
  readonly query?: string
}

export function toQuestion({ words, query, group, choice }: DeviceSearch): DeviceQuestion {
  const asked = [
    ...(query.trim() === '' ? [] : [query.trim()]),
    ...(group === '' ? [] : [`"${group}" in groups`]),
    ...(choices[choice] === '' ? [] : [choices[choice]]),
  ]
  const [only = ''] = asked
  // What a person wrote stands alone where it can, so that the place of a fault is theirs.
  const whole = asked.length > 1 ? asked.map(part => `(${part})`).join(' && ') : only
  return {
    ...(words.trim() !== '' && { search: words.trim() }),
    ...(whole !== '' && { query: whole }),
  }
}

/** The search that an address holds. */
export function searchIn(address: URLSearchParams): DeviceSearch {
  const choice = address.get('show') ?? ''
  return {
    words: address.get('words') ?? '',
    query: address.get('query') ?? '',
    group: address.get('group') ?? '',
    choice: Object.hasOwn(choices, choice) ? (choice as Choice) : 'all',
  }
}

/** The same, back into an address: what is not asked is not in it. */
export function toAddress({ choice, ...texts }: DeviceSearch): Record<string, string> {
  const said = Object.entries(texts).filter(([, text]) => text !== '')
  return { ...Object.fromEntries(said), ...(choice !== 'all' && { show: choice }) }
}

const byNumber = { numeric: true }

/** The devices that want a look first: in rescue, silent, gone back, offline; then by name. */
export function worstFirst(devices: readonly DeviceView[]): DeviceView[] {
  return devices.toSorted(
    (a, b) => unease(b) - unease(a) || a.name.localeCompare(b.name, 'en', byNumber),
  )
}

const weights = { bad: 8, warn: 2, busy: 0, good: 0, quiet: 0 } as const satisfies Record<
  Tone,
  number
>

function unease(device: DeviceView): number {
  const silence = device.silentSince === null ? 0 : 4
  return weights[changeMeanings[device.state].tone] + silence + (device.online ? 0 : 1)
}
