import { ago, day, hour } from './moments.ts'

function role(name: string, catalogue: string | null, left: number, life: number) {
  const spent = 1 - left / life
  const alarm = [90, 75, 50].find(mark => spent * 100 >= mark) ?? 0
  const online = name === 'snapshot' || name === 'timestamp'
  const counts = name !== 'gone'
  return { role: name, catalogue, version: 3, expires: ago(-left), spent, alarm, online, counts }
}

/** The owner's roles and those of one catalogue: two alarm, and one that does not count would. */
export function makeRoles() {
  return [
    role('owner-root', null, 700 * day, 730 * day),
    role('policy', null, 400 * day, 730 * day),
    role('root', 'acme', 300 * day, 730 * day),
    role('targets', 'acme', 80 * day, 365 * day),
    role('acme', 'acme', 12 * day, 182 * day),
    role('gone', 'acme', 2 * day, 182 * day),
    role('snapshot', 'acme', 5 * day, 7 * day),
    role('timestamp', 'acme', 20 * hour, day),
  ]
}

/** A log that one of its two witnesses does not cosign at present. */
export function makeLog() {
  const away = { code: 'log/witness', message: 'cannot reach witness harbour: it does not answer' }
  return {
    origin: 'fleet.example/log',
    signed: 12,
    published: 12,
    quorum: 1,
    witnesses: [
      { name: 'lighthouse', size: 12, trouble: null },
      { name: 'harbour', size: 9, trouble: away },
    ],
    trouble: null,
  }
}
