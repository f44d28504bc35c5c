import type { SettingRow } from './configuration.ts'

/** Every setting as it counts and who said so: text for a person, JSON for a program; secrets as `(set)`. */
export function showConfiguration(rows: readonly SettingRow[], json: boolean): string {
  const shown = rows.map(row => ({ name: row.name, value: shownValue(row), source: row.source }))
  if (json) {
    const settings = shown.map(({ name, value, source }) => [name, { value, source }])
    return JSON.stringify({ settings: Object.fromEntries(settings) })
  }
  const width = Math.max(...shown.map(({ name }) => name.length))
  return shown
    .map(({ name, value, source }) => `${name.padEnd(width)}  ${toText(value)}  (${source})`)
    .join('\n')
}

function shownValue({ texts, setting }: SettingRow): string | readonly string[] | null {
  if (!texts) return null
  const shown = texts.map(text => (setting.holds === 'secret' ? '(set)' : withoutPassword(text)))
  return setting.isList ? shown : (shown[0] ?? null)
}

/** A password in a URL is a secret in a text that is none. */
function withoutPassword(text: string): string {
  const url = URL.parse(text)
  if (!url?.password) return text
  return text.replace(/^([^/]+:\/\/[^:/@]*:).*@/, '$1(set)@')
}

function toText(value: string | readonly string[] | null): string {
  if (value === null) return '–'
  return typeof value === 'string' ? value : value.join(', ')
}
