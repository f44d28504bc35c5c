/** One step of packing, as it happens. `done` of `total` counts bytes where `unit` says so, else things. */
export interface PackProgress {
  readonly step:
    | 'resolve'
    | 'update'
    | 'download'
    | 'unpack'
    | 'read'
    | 'inspect'
    | 'describe'
    | 'write'
  readonly what: string
  readonly done?: number
  readonly total?: number
}

export type OnProgress = (progress: PackProgress) => void
