import {
  addRelease,
  nextVersion,
  readSigned,
  releaseTarget,
  type SignedTargets,
  type Signer,
  signMetadata,
} from '@steadfleet/authority'
import { type Digest, digestOf, toDocument, toUtf8 } from '@steadfleet/base'
import { contentsOf, makeHeader, makeTree, toTreeBytes, writeBundle } from '@steadfleet/bundle'
import {
  type InterfaceRequest,
  type PackageName,
  parseReleaseRecord,
  type ReleaseRecord,
} from '@steadfleet/domain'
import { type Client, publishRole, uploadPart } from '@steadfleet/protocol'

export interface ReleaseChoices {
  readonly package?: string
  readonly revision: number
  readonly architecture?: 'amd64' | 'arm64'
  /** Files of the tree: path and text. */
  readonly files?: Readonly<Record<string, string>>
  readonly floor?: number
  /** The newest revision that mends a known flaw. */
  readonly securityRevision?: number
  readonly settings?: ReleaseRecord['behaviour']['settings']
  /** Requests, or names of those that say no more. */
  readonly interfaces?: readonly (string | InterfaceRequest)[]
}

/** A release with everything it names, ready to be sent. */
export interface TestRelease {
  readonly record: ReleaseRecord
  readonly recordBytes: Uint8Array
  readonly objects: ReadonlyMap<Digest, Uint8Array>
  readonly bundle: Uint8Array
}

export async function makeRelease(choices: ReleaseChoices): Promise<TestRelease> {
  const files = choices.files ?? { app: `revision ${choices.revision}`, shared: 'as it was' }
  const contents = Object.values(files).map(text => toUtf8(text))
  const tree = makeTree(
    Object.keys(files).map((path, i) => {
      const content = contents[i] ?? new Uint8Array()
      return { path, kind: 'file', digest: digestOf(content), size: content.length, mode: '755' }
    }),
  )
  const treeBytes = toTreeBytes(tree)
  const sbom = toUtf8(`{"bomFormat":"CycloneDX","for":${choices.revision}}`)
  const provenance = toUtf8(`{"payloadType":"none","for":${choices.revision}}`)
  const record = recordFor(choices, { treeBytes, sbom, provenance })
  const recordBytes = toDocument(record)
  const objects = new Map(
    [treeBytes, ...contents, sbom, provenance, recordBytes].map(bytes => [digestOf(bytes), bytes]),
  )
  const refs = [...objects].map(([digest, bytes]) => ({ digest, length: bytes.length }))
  const order = [...contentsOf(tree), ...refs].filter(
    (ref, i, all) => all.findIndex(({ digest }) => digest === ref.digest) === i,
  )
  const stream = writeBundle(
    order.map(({ digest, length }) => ({
      digest,
      length,
      content: once(objects.get(digest) ?? new Uint8Array()),
    })),
    makeHeader(digestOf(treeBytes), order),
  )
  return { record, recordBytes, objects, bundle: await collect(stream) }
}

interface Parts {
  readonly treeBytes: Uint8Array
  readonly sbom: Uint8Array
  readonly provenance: Uint8Array
}

function recordFor(choices: ReleaseChoices, parts: Parts): ReleaseRecord {
  const ref = (bytes: Uint8Array) => ({ digest: digestOf(bytes), length: bytes.length })
  return parseReleaseRecord({
    type: 'release',
    format: 1,
    package: (choices.package ?? 'acme/greenhouse') as PackageName,
    version: `1.${choices.revision}`,
    revision: choices.revision,
    architecture: choices.architecture ?? 'amd64',
    tree: ref(parts.treeBytes),
    size: 20,
    ...(choices.floor !== undefined && { floor: choices.floor }),
    behaviour: {
      ...(choices.securityRevision !== undefined && {
        'security-revision': choices.securityRevision,
      }),
      apps: { web: { command: ['app'] } },
      interfaces: (choices.interfaces ?? []).map(one =>
        typeof one === 'string' ? { interface: one } : one,
      ),
      settings: choices.settings ?? {},
    },
    sbom: ref(parts.sbom),
    provenance: ref(parts.provenance),
    'support-end': '2030-01-01',
    'security-contact': 'mailto:security@acme.example',
  })
}

/** Sends a bundle in one part. */
export async function upload(client: Client, bundle: Uint8Array): Promise<void> {
  await client.call(uploadPart, {
    params: { digest: digestOf(bundle) },
    query: { offset: 0, length: bundle.length },
    body: bundle,
  })
}

/** The next version of a publisher's role with these releases in it, signed. */
export async function nextRole(
  held: Uint8Array,
  releases: readonly TestRelease[],
  signer: Signer,
  now: Date,
): Promise<Uint8Array> {
  let signed: SignedTargets = nextVersion(readSigned('targets', held), 'publisher', now)
  for (const { record, recordBytes } of releases) {
    const { path, target } = releaseTarget(record, recordBytes)
    signed = addRelease(signed, path, target)
  }
  return signMetadata(signed, [signer])
}

export async function putRole(client: Client, role: string, body: Uint8Array): Promise<string[]> {
  return (await client.call(publishRole, { params: { role }, body })).published
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}
