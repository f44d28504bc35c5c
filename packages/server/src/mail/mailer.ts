import { BlockList, isIP } from 'node:net'
import { createTransport } from 'nodemailer'

export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** Sends mail through one server. */
export interface Mailer {
  /** Resolves when the server has taken it. */
  send(mail: Mail): Promise<void>
}

export interface MailerOptions {
  /** `smtps://USER:PASSWORD@HOST:465`, or `smtp://…:587`, which must offer STARTTLS. */
  readonly url: string
  readonly from: string
  /** PEM of whoever signs the server's certificate, where that is nobody whom everybody trusts. */
  readonly ca?: string
}

const timeoutMs = 30_000

/** Nothing is sent in the clear but to this machine itself. */
export function openMailer({ url, from, ca }: MailerOptions): Mailer {
  const { protocol, hostname, port, username, password } = new URL(url)
  const secure = protocol === 'smtps:'
  const isHere = isLoopback(hostname)
  const transport = createTransport({
    host: hostname,
    port: Number(port || (secure ? 465 : 587)),
    secure,
    requireTLS: !secure && !isHere,
    ignoreTLS: !secure && isHere,
    ...(username !== '' && {
      auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
    }),
    tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) },
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  })
  return {
    async send({ to, subject, text }) {
      const headers = { 'auto-submitted': 'auto-generated' }
      // Given as an object, so that nothing of it is read as a list of addresses.
      await transport.sendMail({ from, to: { name: '', address: to }, subject, text, headers })
    },
  }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(host)
  return family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4')
}
