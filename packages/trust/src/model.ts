import { digestOf } from '@steadfleet/base'
import type { Target } from './catalogue.ts'
import { readJson } from './envelope.ts'
import { TrustError } from './error.ts'
import { type ModelStatement, modelStatement } from './statements.ts'

/** Refuses bytes that are not what the catalogue names. TUF §5.7.2 and §5.7.3 */
export function refuseOtherContent(target: Omit<Target, 'publisher'>, content: Uint8Array): void {
  const found = digestOf(content)
  if (content.length !== target.length) {
    const message = `cannot trust ${target.path}: ${content.length} bytes, not ${target.length}`
    throw new TrustError('trust/length-mismatch', message, { path: target.path })
  }
  if (found === target.digest) return
  const message = `cannot trust ${target.path}: digest ${found}, not ${target.digest}`
  throw new TrustError('trust/digest-mismatch', message, { expected: target.digest, found })
}

/** Reads the model statement that the catalogue has at `target`, and that is about that path. */
export function openModel(target: Omit<Target, 'publisher'>, content: Uint8Array): ModelStatement {
  refuseOtherContent(target, content)
  const model = modelStatement(readJson(content, target.path), target.path)
  const own = modelPath(model)
  if (own === target.path) return model
  const message = `cannot trust model ${own}: the catalogue has it as ${target.path}`
  throw new TrustError('trust/wrong-model', message, { expected: target.path, found: own })
}

/** The target path of a model statement: `acme/greenhouse-box/1/all`. */
export function modelPath(model: Pick<ModelStatement, 'model' | 'revision'>): string {
  return `${model.model}/${model.revision}/all`
}
