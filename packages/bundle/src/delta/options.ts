/** How a delta is made. */
export interface DeltaOptions {
  /** Bytes that matching may take. A file that needs more is matched window by window. */
  readonly memory?: number
  /** False sends code as any other content: what prediction is held against. */
  readonly predicts?: boolean
}
