export * from './bins.ts'
export * from './ceremony/draft.ts'
export * from './ceremony/draft-catalogue.ts'
export * from './ceremony/draft-owner.ts'
export { type Change, type Review, reviewDraft } from './ceremony/review.ts'
export { refuseRevoked } from './ceremony/revoked.ts'
export type { RoleChange } from './ceremony/role-change.ts'
export * from './ceremony/sign.ts'
export * from './ceremony/step.ts'
export { isEncryptedPem } from './encrypted-key.ts'
export { AuthorityError, type AuthorityErrorCode } from './error.ts'
export * from './first-files.ts'
export * from './life.ts'
export * from './lifetime.ts'
export * from './log-append.ts'
export * from './log-checkpoint.ts'
export * from './log-frontier.ts'
export * from './log-grow.ts'
export * from './log-prove.ts'
export {
  entriesPath,
  parseEntryBundle,
  type TileStore,
  tilePath,
  tileWidth,
  toEntryBundle,
} from './log-tiles.ts'
export { type LogTree, openTree } from './log-tree.ts'
export * from './metadata.ts'
export * from './publication.ts'
export * from './release.ts'
export * from './signer.ts'
export * from './statement.ts'
