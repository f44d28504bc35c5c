import { unwatchFile, watchFile } from 'node:fs'
import { type Digest, isCoded } from '@steadfleet/base'
import type { Logger } from 'pino'
import { ServerError } from '../error.ts'
import { type Certificate, type CertificateFiles, readCertificate } from './certificate.ts'

/** The certificate in use; it follows its files. */
export interface KeptCertificate extends Disposable {
  readonly now: () => Certificate
  /** Looks at the files again; what cannot be used is told, and the one in use stays. */
  renew(): Promise<void>
}

export interface Keeping {
  readonly files: CertificateFiles
  readonly logger: Pick<Logger, 'info' | 'error'>
  /** Whether devices were told of a key; one that they were not would lock them out. */
  readonly mayUse: (key: Digest) => boolean
  /** Takes a new one up where it is served. */
  readonly onNew: (certificate: Certificate) => Promise<void>
}

const lookMs = 30_000

/** Reads the files, and again where one changes, or where somebody asks. */
export async function keepCertificate(keeping: Keeping): Promise<KeptCertificate> {
  const { files, logger, onNew } = keeping
  let held = refuseUntold(keeping, await readCertificate(files))
  let turn: Promise<void> = Promise.resolve()
  const take = async (): Promise<void> => {
    const found = await readCertificate(files)
    if (isSame(found, held)) return
    held = refuseUntold(keeping, found)
    await onNew(held)
    logger.info({ key: held.keys[0] }, 'serves by a new certificate')
  }
  const renew = (): Promise<void> => {
    turn = turn.then(take).catch(fault => tell(logger, fault))
    return turn
  }
  const watched = [files.certificate, files.key, ...files.next]
  const look = (): void => void renew()
  for (const path of watched) watchFile(path, { interval: lookMs, persistent: false }, look)
  return {
    now: () => held,
    renew,
    [Symbol.dispose]: () => {
      for (const path of watched) unwatchFile(path, look)
    },
  }
}

/** Two files are not changed at one moment: the next look finds them in agreement. */
function tell(logger: Keeping['logger'], fault: unknown): void {
  const facts = isCoded(fault) ? { code: fault.code, why: fault.message } : { err: fault }
  logger.error(facts, 'cannot take a new certificate; the one in use stays')
}

function isSame(a: Certificate, b: Certificate): boolean {
  return a.cert.equals(b.cert) && a.keys.join() === b.keys.join()
}

function refuseUntold({ mayUse }: Keeping, found: Certificate): Certificate {
  const [key] = found.keys
  if (mayUse(key)) return found
  const message = `cannot serve by key ${key}: devices were not told of it; name its file with --tls-next-key first`
  throw new ServerError('server/untold-key', message, { key })
}
