export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

/** A moment before now, as the protocol writes moments. */
export function ago(ms: number): string {
  return `${new Date(Date.now() - ms).toISOString().slice(0, 19)}Z`
}

/** A digest that begins with `hex`. */
export function digest(hex: string): string {
  return `sha256:${hex.repeat(64).slice(0, 64)}`
}
