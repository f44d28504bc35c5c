import { createHmac } from 'node:crypto'

/** A message as it is sent: its id stays the same however often it is tried. */
export interface Message {
  readonly id: string
  /** Seconds since 1970 of this try. */
  readonly timestamp: number
  readonly body: string
}

export const secretPrefix = 'whsec_'

/** The headers of Standard Webhooks: one signature for each secret, the newest first. */
export function webhookHeaders(
  { id, timestamp, body }: Message,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const signed = `${id}.${timestamp}.${body}`
  const signatures = secrets.map(secret => {
    const key = Buffer.from(secret, 'base64')
    return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  }
}
