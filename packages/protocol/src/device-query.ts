/** Conditions that are all to be met, as people choose them one by one; absent ones are met by all. */
export interface DeviceConditions {
  readonly model?: string
  readonly architecture?: string
  readonly 'name-prefix'?: string
  /** Of the device's last report, each of exactly this value. */
  readonly attributes?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
}

/** The query that asks for all of it; `true` where nothing is asked. */
export function toQuery({
  attributes = {},
  labels = {},
  'name-prefix': prefix,
  ...fields
}: DeviceConditions): string {
  const equal = Object.entries(fields).map(([name, value]) => `${name} == ${toText(value)}`)
  const parts = [
    ...(prefix === undefined ? [] : [`name.startsWith(${toText(prefix)})`]),
    ...equal,
    ...entriesOf('labels', labels),
    ...entriesOf('attributes', attributes),
  ]
  return parts.join(' && ') || 'true'
}

function entriesOf(map: string, entries: Readonly<Record<string, string>>): string[] {
  return Object.entries(entries).map(
    ([name, value]) => `${map}[${toText(name)}] == ${toText(value)}`,
  )
}

/** A text as the Common Expression Language writes it: its escapes hold those of JSON but for the slash. */
function toText(value: string): string {
  return JSON.stringify(value)
}
