/** Of the provider that tests sign in by, what they use. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export interface Grant {
    addOIDCScope(scope: string): void
    save(): Promise<string>
  }
  export interface Context {
    readonly oidc: {
      readonly provider: Provider
      readonly session: { readonly accountId: string }
      readonly client: { readonly clientId: string }
    }
  }
  export class Provider {
    constructor(issuer: string, configuration: object)
    readonly Grant: new (of: {
      clientId: string
      accountId: string
    }) => Grant
    callback(): (request: IncomingMessage, reply: ServerResponse) => Promise<void>
    interactionFinished(
      request: IncomingMessage,
      reply: ServerResponse,
      result: object,
    ): Promise<void>
  }
}
