export * from './agreement.ts'
export * from './catalogue.ts'
export { binOf, matchesPattern, maySpeakFor } from './delegation.ts'
export { isSignedBy, refuseWeakKey } from './ed25519.ts'
export {
  type Envelope,
  openEnvelope,
  parseEnvelope,
  parseEnvelopeBytes,
  preAuthenticationEncoding,
} from './envelope.ts'
export { TrustError, type TrustErrorCode } from './error.ts'
export * from './floor.ts'
export { digestIn, type Hashes } from './hashes.ts'
export {
  ed25519Key,
  keyIdOf,
  type PublicKey,
  publicKey,
  type SigningRole,
  toSigningRole,
} from './key.ts'
export * from './log-accept.ts'
export * from './log-checkpoint.ts'
export * from './log-leaf.ts'
export * from './log-merkle.ts'
export * from './log-note.ts'
export { type LogProof, parseLogProof } from './log-proof.ts'
export { cosignatureMessage, isNoteSignedBy } from './log-signature.ts'
export {
  type Delegation,
  type Metadata,
  type MetadataType,
  parseMetadata,
  type Root,
  refuseUnsigned,
  type Snapshot,
  type SuccinctRoles,
  type Targets,
  type Timestamp,
} from './metadata.ts'
export { modelPath, openModel, refuseOtherContent } from './model.ts'
export { acceptOrder, type OrderAddress, reopenOrder } from './order.ts'
export * from './owner.ts'
export { refreshCatalogue, refreshTimes } from './refresh.ts'
export * from './refusal.ts'
export { keySetName, refuseOtherFile, topRole } from './role.ts'
export { acceptRoot } from './root.ts'
export * from './statements.ts'
export { loadTargets } from './targets.ts'
