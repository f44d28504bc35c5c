import {
  type Digest,
  digestOf,
  fromBase64,
  isCoded,
  parseStrictJson,
  toBase64,
  toCanonical,
} from '@steadfleet/base'
import {
  type Agreement,
  findAllowed,
  type ModelStatement,
  openModel,
  publisherFor,
  TrustError,
} from '@steadfleet/trust'
import { readIfThere, writeDurably } from '../disk/durable.ts'
import { type Claim, targetClaim } from './log-claims.ts'

/** What finding the device's model needs. `content` yields verified bytes of a small object. */
export interface ModelContext extends Pick<Agreement, 'policy' | 'catalogues'> {
  readonly content: (digest: Digest, length: number) => Promise<Uint8Array>
  /** Refuses a statement that is not kept yet and that the log does not hold. */
  readonly refuseUnlogged: (claim: Claim) => Promise<void>
  /** Hears why a statement was not taken where the one that is kept stands in. */
  readonly suspect: (error: unknown) => void
  /** Where the last statement is kept, so that no catalogue that is gone takes it away. */
  readonly file: string
}

/** A model statement as it is kept, with the catalogue that had it. */
interface Kept {
  readonly catalogue: string
  readonly path: string
  readonly digest: Digest
  readonly length: number
  readonly content: string
}

/** The statement at a path, from a catalogue that the policy lets speak for it; else the one that is kept. */
export async function findModel(context: ModelContext, path: string): Promise<ModelStatement> {
  const kept = await readKept(context.file)
  const refusals: unknown[] = []
  for (const { name } of context.policy.catalogues) {
    if (!mayTell(context, name, path)) continue
    try {
      return await takeModel(context, name, path, kept)
    } catch (error) {
      refusals.push(error)
    }
  }
  // What the device was by the last order it still is, whoever may tell it something new.
  if (kept?.path === path) {
    for (const refusal of refusals) context.suspect(refusal)
    return openModel({ ...kept, custom: {}, role: '' }, fromBase64(kept.content))
  }
  throw refusals[0] ?? unknownModel(path)
}

function mayTell({ policy }: ModelContext, catalogue: string, path: string): boolean {
  return publisherFor(policy, catalogue, path.split('/', 2).join('/')) !== undefined
}

async function takeModel(
  context: ModelContext,
  catalogue: string,
  path: string,
  kept: Kept | undefined,
): Promise<ModelStatement> {
  const target = await findAllowed(context, catalogue, path)
  const { digest, length } = target
  if (kept?.digest === digest) return openModel(target, fromBase64(kept.content))
  await context.refuseUnlogged(targetClaim(context.policy, catalogue, target))
  const content = await context.content(digest, length)
  const model = openModel(target, content)
  const whole = { catalogue, path, digest, length, content: toBase64(content) }
  await writeDurably(context.file, toCanonical(whole))
  return model
}

/** A file that is torn is none. */
async function readKept(file: string): Promise<Kept | undefined> {
  const bytes = await readIfThere(file)
  if (bytes === undefined) return undefined
  try {
    const kept = parseStrictJson(bytes) as unknown as Kept
    return digestOf(fromBase64(String(kept.content))) === kept.digest ? kept : undefined
  } catch (error) {
    if (isCoded(error)) return undefined
    throw error
  }
}

function unknownModel(path: string): TrustError {
  const message = `cannot obey an order for model ${path}: no catalogue has it`
  return new TrustError('trust/wrong-model', message, { path })
}
