import type { Static, TSchema } from 'typebox'

/**
 * Who may call a route. `device` is a device that signed the request with its own key; the rest
 * are permissions of a person or a machine, by `permissions`; `signed-in` is any of them. `anyone` is said
 * aloud, never by omission.
 */
export type Needs =
  | 'anyone'
  | 'device'
  | 'signed-in'
  | 'fleet:read'
  | 'fleet:write'
  | 'rollout:write'
  | 'release:read'
  | 'release:publish'
  | 'release:review'
  | 'settings:write'
  | 'server:administer'
  | 'people:read'
  | 'people:write'
  | 'audit:read'

/** What a reply's body is: JSON by a schema, raw bytes, or a stream of events. */
export type ReplyKind = 'json' | 'bytes' | 'events'

export interface RouteSpec {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'
  /**
   * `:name` stands for one path segment; a digest or a name never holds a slash there. `*name`, at the
   * end, stands for all that is left, slashes too.
   */
  readonly path: string
  readonly needs: Needs
  /** Also answers whoever asks unnamed from the server's own machine: who is there may read anyway. */
  readonly isOpenToItsMachine?: true
  /** Replies what is of the fleets that its caller may see, and no more: a role for one of them is enough. */
  readonly isAcrossFleets?: true
  /** Writes nothing that anybody decided: parts of an upload, questions with a body. Every other write is audited. */
  readonly isNoAct?: true
  readonly summary: string
  readonly params?: TSchema
  readonly query?: TSchema
  /** A JSON body's schema, or `'bytes'` for a raw one. */
  readonly body?: TSchema | 'bytes'
  readonly reply: TSchema | 'bytes' | 'events' | 'nothing'
}

/** A route, declared once; server, clients and the OpenAPI document read this object. */
export type Route<S extends RouteSpec = RouteSpec> = S

export function route<const S extends RouteSpec>(spec: S): Route<S> {
  return spec
}

type Of<T> = T extends TSchema ? Static<T> : undefined

export type ParamsOf<S extends RouteSpec> = Of<S['params']>
export type QueryOf<S extends RouteSpec> = Of<S['query']>
export type BodyOf<S extends RouteSpec> = S['body'] extends 'bytes' ? Uint8Array : Of<S['body']>
export type ReplyOf<S extends RouteSpec> = S['reply'] extends TSchema
  ? Static<S['reply']>
  : undefined
