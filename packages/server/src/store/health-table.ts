/** Means of a slot of `seconds` that begins at `at`, in seconds since 1970. */
export interface HealthTable {
  device: string
  seconds: number
  at: number
  samples: number
  cpu: number | null
  memory: number | null
  disk: number | null
  temperature: number | null
  signal: number | null
  restarts: number | null
}
