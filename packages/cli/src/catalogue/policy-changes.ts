import type { TrustPolicy } from '@steadfleet/trust'
import { CliError } from '../error.ts'

type Named = TrustPolicy['catalogues'][number]
type Adoption = NonNullable<TrustPolicy['adoptions']>[number]

/** The policy with a further catalogue; one of this name that pins another root is not replaced. */
export function withCatalogue(policy: TrustPolicy, named: Named): TrustPolicy {
  const held = policy.catalogues.find(({ name }) => name === named.name)
  if (held && held.root !== named.root) {
    const message = `cannot add catalogue ${named.name}: the policy pins ${held.root} under this name`
    throw new CliError('cli/refused', message, { catalogue: named.name })
  }
  const others = policy.catalogues.filter(({ name }) => name !== named.name)
  return held ? policy : { ...policy, catalogues: [...others, named] }
}

/** The policy in which a publisher of a catalogue counts, or never does. */
export function withPublisher(
  policy: TrustPolicy,
  catalogue: string,
  publisher: string,
  list: 'allowed' | 'refused',
): TrustPolicy {
  const named = policy.catalogues.find(({ name }) => name === catalogue)
  if (!named) {
    const message = `cannot find catalogue ${catalogue} in the policy`
    throw new CliError('cli/not-found', message, { catalogue })
  }
  const other = list === 'allowed' ? 'refused' : 'allowed'
  const changed = {
    ...named,
    [list]: [...new Set([...named[list], publisher])],
    [other]: named[other].filter(name => name !== publisher),
  }
  const catalogues = policy.catalogues.map(one => (one === named ? changed : one))
  return { ...policy, catalogues }
}

/** The policy in which a package has another publisher. Its floor never goes down. */
export function withAdoption(policy: TrustPolicy, adoption: Adoption): TrustPolicy {
  const held = policy.adoptions?.find(one => one.package === adoption.package)
  const others = policy.adoptions?.filter(one => one !== held) ?? []
  const floor = Math.max(held?.floor ?? 0, adoption.floor)
  return { ...policy, adoptions: [...others, { ...adoption, floor }] }
}

/** What changes from one policy to the next, a line for each thing; none where nothing does. */
export function changesBetween(held: TrustPolicy, next: TrustPolicy): string[] {
  const [before, after] = [toLines(held), toLines(next)]
  return [
    ...before.filter(line => !after.includes(line)).map(line => `- ${line}`),
    ...after.filter(line => !before.includes(line)).map(line => `+ ${line}`),
  ]
}

/** The policy in words, a line for each thing. */
export function toLines({ catalogues, log, ceiling, adoptions = [] }: TrustPolicy): string[] {
  return [
    ...catalogues.flatMap(({ name, root, allowed, refused }) => [
      `catalogue ${name} under root ${root}`,
      ...allowed.map(publisher => `publisher ${publisher} of ${name} counts`),
      ...refused.map(publisher => `publisher ${publisher} of ${name} never counts`),
    ]),
    ...adoptions.map(
      one =>
        `package ${one.package} is ${one.to.publisher}’s in ${one.to.catalogue}, from revision ${one.floor} on; no longer ${one.from.publisher}’s in ${one.from.catalogue}`,
    ),
    ...[...ceiling].map(([name, packages]) => `interface ${name}: ${packages.join(' ')}`),
    `log ${log.key ?? 'none'}, quorum ${log.quorum}`,
  ]
}
