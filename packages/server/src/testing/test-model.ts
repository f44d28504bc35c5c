import {
  addRelease,
  makeModel,
  modelTarget,
  nextVersion,
  readSigned,
  signMetadata,
  toStatementBytes,
} from '@steadfleet/authority'
import { digestOf } from '@steadfleet/base'
import { makeHeader, writeBundle } from '@steadfleet/bundle'
import type { GrantRules } from '@steadfleet/domain'
import { setModel } from '@steadfleet/protocol'
import { firstModel, fleet, type TestFleet } from './test-fleet.ts'
import { collect, once, putRole, upload } from './test-release.ts'

/** Publishes the next statement of the fleet's model, with what it grants, and orders by it. */
export async function publishModel(
  it: TestFleet,
  revision: number,
  grants: GrantRules,
): Promise<void> {
  const statement = { ...makeModel({ ...firstModel, revision }), grants }
  const content = toStatementBytes(statement)
  const ref = { digest: digestOf(content), length: content.length }
  const header = makeHeader(ref.digest, [ref])
  await upload(
    it.operator,
    await collect(writeBundle([{ ...ref, content: once(content) }], header)),
  )
  const { path, target } = modelTarget(statement, content)
  const held = nextVersion(readSigned('targets', await it.role()), 'publisher', new Date())
  const role = await signMetadata(addRelease(held, path, target), [it.keys.publisher])
  await putRole(it.operator, 'acme', role)
  await it.operator.call(setModel, { params: { fleet }, body: { model: path } })
}
