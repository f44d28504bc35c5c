/** How grave a finding is: what a device is taken over by, what is unwise, what only takes room. */
export type Severity = 'severe' | 'warning' | 'note'

interface Rule {
  readonly severity: Severity
  /** What is looked for, for whoever reads the reference. */
  readonly looks: string
  /** Why it matters, and what to do about it. */
  readonly advice: string
}

/** What hygiene looks for in the tree of a package. Adding a row here names a finding. */
export const hygieneRules = {
  'telnet-server': {
    severity: 'severe',
    looks: 'a telnet, rlogin or rsh server, by name or by what is in it; a BusyBox that has one',
    advice: 'leave it out: whoever reaches it is asked for a password in clear text',
  },
  'ftp-server': {
    severity: 'severe',
    looks: 'an FTP or TFTP server, by name or by what is in it',
    advice: 'leave it out: files and passwords travel in clear text',
  },
  'private-key': {
    severity: 'severe',
    looks: 'a private key: PEM, OpenSSH, PGP, PuTTY, or DER (PKCS#8, PKCS#1, SEC 1)',
    advice: 'leave it out: every device would have the same key, and so would every reader',
  },
  'default-password': {
    severity: 'severe',
    looks:
      'a name and password that worms try (Mirai’s list), as configuration, in an address, behind a hash that can be checked (MD5-, SHA-256- and SHA-512-crypt), or as a constant of a program; an entry of shadow without a password',
    advice: 'let the device’s owner set it: a setting has no secret default',
  },
  'password-hash': {
    severity: 'severe',
    looks: 'a hash of a password: crypt strings in text, entries of passwd and shadow files',
    advice: 'leave it out: every device would have the same password',
  },
  'debug-server': {
    severity: 'warning',
    looks: 'a debugger that listens: gdbserver, lldb-server, adbd, frida-server',
    advice: 'leave it out of what is shipped',
  },
  setuid: {
    severity: 'warning',
    looks: 'a setuid or setgid file; the manifest’s own reason accepts it',
    advice: 'no app gains by it: the sandbox lets no program change its user',
  },
  'world-writable': {
    severity: 'warning',
    looks:
      'a file that anyone could write where it was packed from; the tree itself has no such mode',
    advice: 'mend its mode: what was packed may not be what was written',
  },
  compiler: {
    severity: 'warning',
    looks: 'a compiler, assembler or linker, by name',
    advice: 'leave it out: it makes tools for whoever gets in',
  },
  grown: {
    severity: 'warning',
    looks: 'a tree that is half as large again as that of the revision before, and 1 MB more',
    advice: 'look at what came along',
  },
  'unused-library': {
    severity: 'note',
    looks:
      'a shared library in a folder of the loader that no program or library of the tree needs or names',
    advice: 'leave it out, if nothing loads it by a name made up at run time',
  },
  'broken-link': {
    severity: 'note',
    looks: 'a link that leads to nothing of the tree, nor to what a running system has',
    advice: 'leave it out',
  },
  'unused-acceptance': {
    severity: 'note',
    looks: 'an entry of `hygiene.accept` that accepts nothing',
    advice: 'take it out, lest it hide what comes later',
  },
} as const satisfies Readonly<Record<string, Rule>>

export type HygieneRule = keyof typeof hygieneRules

/** What was found at a path of the tree. */
export interface Finding {
  readonly rule: HygieneRule
  readonly path: string
  /** The fact, in words; never the secret itself. */
  readonly words: string
}

/** The gravity of a finding, as its rule has it. */
export function severityOf({ rule }: Pick<Finding, 'rule'>): Severity {
  return hygieneRules[rule].severity
}

/** Rules about the place that a tree was packed in, about another revision, or about the manifest itself. */
const notOfTree: readonly HygieneRule[] = ['setuid', 'world-writable', 'grown', 'unused-acceptance']

/** Whether a finding is about the tree alone: whoever packs the same again finds it too. */
export function isOfTree({ rule }: Pick<Finding, 'rule'>): boolean {
  return !notOfTree.includes(rule)
}
