/** The part of a trust policy that says which log counts, as it is signed: keys as `NAME+ID+BASE64`. */
export interface ChosenLog {
  readonly key?: string | undefined
  readonly witnesses?: readonly string[] | undefined
  readonly quorum: number
}

/** What counts as the log, in a few words: shown wherever a device is. */
export function toLogLine({ key, witnesses = [], quorum }: ChosenLog): string {
  if (key === undefined) return 'none'
  const [name] = key.split('+')
  const witnessed = quorum === 0 ? 'no witness' : `${quorum} of ${witnesses.length} witnesses`
  return `${name}, ${witnessed}`
}
