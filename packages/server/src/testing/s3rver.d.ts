declare module 's3rver' {
  /** A server with an S3 interface over files, for tests alone: its one key is S3RVER with the secret S3RVER. */
  // biome-ignore lint/style/noDefaultExport: the package has this one
  export default class S3rver {
    constructor(options: {
      readonly address: string
      readonly port: number
      readonly silent: boolean
      readonly directory: string
      readonly configureBuckets: readonly { readonly name: string }[]
    })
    run(): Promise<{ readonly address: string; readonly port: number }>
    close(): Promise<void>
  }
}
