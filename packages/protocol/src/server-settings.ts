/** The kinds of values a setting of the server has, and what each allows, in words. */
export const settingKinds = {
  path: 'a path; one in the file is relative to the file',
  address: 'HOST:PORT with a port that browsers and agents connect to',
  origin: 'an origin, as https://fleet.example',
  number: 'a whole number',
  database: 'sqlite, or a URL as postgres://USER:PASSWORD@HOST:PORT/NAME',
  network: 'a network as 10.0.0.0/8 or fd00::/8',
  bucket: 'files, a folder as file:///mnt/shared, or a bucket as s3://NAME or s3://NAME/PREFIX',
  text: 'a text',
  mail: 'a mail server as smtps://USER:PASSWORD@HOST, or smtp://, which must offer STARTTLS',
  choice: 'one of a few words',
} as const
export type SettingKind = keyof typeof settingKinds

/** One setting of the server: it has one name in the file, the environment and among the flags. */
export interface ServerSetting {
  readonly kind: SettingKind
  /** What it means, with its unit. */
  readonly what: string
  /** In `--help`, in the place of its value. */
  readonly value: string
  /** What counts where nobody says anything; without one it is left out. */
  readonly otherwise?: string
  /** May be said several times: a list in the file, with commas in the environment. */
  readonly isList?: boolean
  /** It is a secret, or has one inside: never printed, and no flag, since the list of processes shows what was typed. */
  readonly holds?: 'secret' | 'password'
  /** Of a number: the bounds, both allowed. */
  readonly within?: readonly [least: number, most: number]
  /** Of a choice. */
  readonly among?: readonly string[]
}

/** Every setting of the server: the one table that file, environment and flags are read by. */
export const serverSettings = {
  data: {
    kind: 'path',
    value: 'dir',
    what: 'the data directory; `steadfleet serve` names that of the fleet',
  },
  listen: {
    kind: 'address',
    value: 'host:port',
    what: 'where it listens',
    otherwise: '127.0.0.1:8420',
    isList: true,
  },
  origin: {
    kind: 'origin',
    value: 'url',
    what: 'a public URL that reaches it; the first is the one it names itself by',
    isList: true,
  },
  'plain-http': {
    kind: 'choice',
    value: 'where',
    what: 'where HTTP without TLS may be spoken: on this machine alone, or anywhere (behind a proxy that ends TLS)',
    otherwise: 'loopback',
    among: ['loopback', 'anywhere'],
  },
  'trusted-proxy': {
    kind: 'network',
    value: 'network',
    what: 'from where `X-Forwarded-For` is believed: the addresses of the reverse proxy',
    isList: true,
  },
  'tls-certificate': {
    kind: 'path',
    value: 'file',
    what: 'the certificate to serve by, PEM, with those between it and its authority; read again when it changes',
  },
  'tls-key': { kind: 'path', value: 'file', what: 'the private key of that certificate, PEM' },
  'tls-next-key': {
    kind: 'path',
    value: 'file',
    what: 'a key that devices are to know before it is used, PEM: private, public or in a certificate',
    isList: true,
  },
  'device-pins': {
    kind: 'choice',
    value: 'whose',
    what: 'how devices know the server: by its own key and the next ones, or by the authorities that their system trusts',
    otherwise: 'own',
    among: ['own', 'none'],
  },
  database: {
    kind: 'database',
    value: 'url',
    what: 'where it keeps what is not content; what `server.json` names, or else a file of the data directory, where nobody says',
    holds: 'password',
  },
  'object-store': {
    kind: 'bucket',
    value: 'url',
    what: 'where content lies for good; all but `files` keep copies of what was used in the data directory',
    otherwise: 'files',
  },
  'object-store-endpoint': {
    kind: 'origin',
    value: 'url',
    what: 'the S3 interface of a store that is not Amazon’s',
  },
  'object-store-region': {
    kind: 'text',
    value: 'name',
    what: 'the region of the bucket',
    otherwise: 'us-east-1',
  },
  'object-store-key': {
    kind: 'text',
    value: 'id',
    what: 'the id of the access key; without one, what the SDK of S3 finds (`AWS_…`, the role of the machine)',
    holds: 'secret',
  },
  'object-store-secret': {
    kind: 'text',
    value: 'secret',
    what: 'the secret of that access key',
    holds: 'secret',
  },
  'second-store': {
    kind: 'path',
    value: 'dir',
    what: 'a folder elsewhere, that all which is published reaches before it counts',
  },
  signer: {
    kind: 'path',
    value: 'socket',
    what: 'the signer that `steadfleet signer` runs; without it the server starts its own',
  },
  'sign-on': {
    kind: 'path',
    value: 'file',
    what: 'the OpenID provider by which people may sign in; `sign-on.json` of the data directory, where it is there',
  },
  deltas: {
    kind: 'number',
    value: 'bytes',
    what: 'bytes of deltas that are kept; 0 makes none',
    otherwise: String(4 * 1024 ** 3),
    within: [0, 10 ** 15 - 1],
  },
  'webhook-network': {
    kind: 'network',
    value: 'cidr',
    what: 'a private network that webhooks may lead into, by http too; without one they lead to the internet alone',
    isList: true,
  },
  smtp: {
    kind: 'mail',
    value: 'url',
    what: 'the mail server through which people are told; without one nobody is told by mail',
    holds: 'password',
  },
  'mail-from': {
    kind: 'text',
    value: 'address',
    what: 'from whom mail is; steadfleet@ and the mail server’s name, where nobody says',
  },
  'header-seconds': {
    kind: 'number',
    value: 'seconds',
    what: 'how long the head of a request may take to come',
    otherwise: '15',
    within: [1, 600],
  },
  'request-seconds': {
    kind: 'number',
    value: 'seconds',
    what: 'how long a whole request may take to come, its body with it',
    otherwise: '300',
    within: [1, 3600],
  },
  'stop-seconds': {
    kind: 'number',
    value: 'seconds',
    what: 'how long requests that are under way have to end when the server is told to',
    otherwise: '5',
    within: [0, 600],
  },
  'log-level': {
    kind: 'choice',
    value: 'level',
    what: 'the least that is logged',
    otherwise: 'info',
    among: ['debug', 'info', 'warn', 'error'],
  },
} as const satisfies Readonly<Record<string, ServerSetting>>
export type ServerSettingName = keyof typeof serverSettings

/** The settings as a list, for whoever reads all of them alike. */
export const listedServerSettings: readonly (ServerSetting & {
  readonly name: ServerSettingName
})[] = (Object.keys(serverSettings) as ServerSettingName[]).map(name => ({
  name,
  ...(serverSettings[name] as ServerSetting),
}))

const prefix = 'STEADFLEET_SERVER_'

/** The variable that says a setting: `log-level` is `STEADFLEET_SERVER_LOG_LEVEL`. */
export function variableOf(setting: string): string {
  return `${prefix}${setting.toUpperCase().replaceAll('-', '_')}`
}

/** Whether a variable is one of the server's: an unknown one of these is a mistake. */
export function isServerVariable(name: string): boolean {
  return name.startsWith(prefix)
}

/** What a setting allows, in words. */
export function allowedIn({ kind, within, among, isList }: ServerSetting): string {
  const one = among?.join(', ') ?? settingKinds[kind]
  const bounds = within ? ` from ${within[0]} to ${within[1]}` : ''
  return `${one}${bounds}${isList ? '; several with commas, a list in the file' : ''}`
}
