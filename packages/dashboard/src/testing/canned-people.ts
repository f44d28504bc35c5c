import { ago, day, hour, minute } from './moments.ts'

const hash = (letter: string) => `sha256:${letter.repeat(64)}`

/** The one who looks, and a colleague with fewer rights. */
export function makePeople() {
  const roles: Readonly<Record<string, string>>[] = [{ '*': 'administrator' }, { home: 'viewer' }]
  return ['operator', 'vera'].map((name, i) => ({
    ...{ id: `per_${i}`, name, roles: roles[i] ?? {}, passkeys: i, sessions: 2 - i },
    ...{ madeAt: ago(9 * day), seenAt: i === 0 ? ago(hour) : null },
  }))
}

export function makeSessions() {
  const agent =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0'
  return [true, false].map((isThis, i) => ({
    ...{ id: `ses_${i}`, madeAt: ago(3 * day), seenAt: ago(i * hour), expiresAt: ago(-27 * day) },
    ...{ address: `192.0.2.${i}`, agent, isThis },
  }))
}

/** More acts than one page of them has. */
export function makeAudit() {
  return Array.from({ length: 60 }, (_, i) => ({
    ...{ sequence: 60 - i, at: ago(i * minute), by: i % 2 ? 'vera' : 'operator' },
    ...{ place: 'session 192.0.2.7', act: i % 3 ? 'setSettings' : 'putGroup', fleet: 'home' },
    ...{ subject: i % 3 ? 'acme/greenhouse fleet home' : 'attic' },
    ...{ before: i % 2 ? '' : '{"level":1}', after: '{"level":2}' },
    ...{ previous: hash('a'), hash: hash('b') },
  }))
}
