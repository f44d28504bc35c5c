import type { ReactNode } from 'react'

/** A fact: its name and what it is. */
export type Fact = readonly [name: string, value: ReactNode]

/** Facts as a list of names and values. */
export function Facts({ facts }: { facts: readonly Fact[] }): ReactNode {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
