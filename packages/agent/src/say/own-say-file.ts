import { parseStrictJson, toDocument } from '@steadfleet/base'
import { type OwnSay, parseOwnSay } from '@steadfleet/domain'
import { type Copies, copiesOf, readCopies, writeCopies } from '../disk/copies.ts'
import type { Paths } from '../disk/paths.ts'

/** What was said on this device, kept in two copies: a cut of power must not forget a hold or a bound. */
export class OwnSayFile {
  readonly #copies: Copies
  #value: OwnSay
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(copies: Copies, value: OwnSay) {
    this.#copies = copies
    this.#value = value
  }

  static async open({ say }: Paths): Promise<OwnSayFile> {
    const copies = copiesOf(say, 2, 0o600)
    const { value } = await readCopies(copies, body => parseOwnSay(parseStrictJson(body)))
    return new OwnSayFile(copies, value ?? {})
  }

  get value(): OwnSay {
    return this.#value
  }

  /** Counts from now on, and is written for good when this returns. */
  async put(next: OwnSay): Promise<void> {
    this.note(next)
    await this.keep()
  }

  /** Counts from now on; written with the next {@link keep}. */
  note(next: OwnSay): void {
    this.#value = next
  }

  keep(): Promise<void> {
    const turn = this.#writing.then(() => writeCopies(this.#copies, toDocument(this.#value)))
    this.#writing = turn.catch(() => undefined)
    return turn
  }
}
