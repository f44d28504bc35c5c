import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { verdictOn } from './bpf-machine.ts'
import { syscalls } from './generated/syscalls.ts'
import { filterParts, toSeccompFilter } from './seccomp.ts'
import { absentCalls, allowedCalls, type Conditions, conditionalCalls } from './syscall-rules.ts'

/**
 * libseccomp as a second opinion: it is given the same rules by name, so it vouches for our numbers
 * and for what our programs make of the rules. Each call is compared over arguments at the edges.
 */
const audit = { amd64: 0xc000003e, arm64: 0xc00000b7 } as const
const allow = 0x7fff0000

/** Reads rules as "allow|ERRNO NAME (ARGUMENT MASK VALUE)*", writes the filter, says what it does not know. */
const oracleSource = String.raw`
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  char line[4096];
  scmp_filter_ctx ctx = seccomp_init(strcmp(argv[2], "allow") ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW);
  seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);
  if (seccomp_arch_add(ctx, seccomp_arch_resolve_name(argv[1]))) return 2;
  seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  while (fgets(line, sizeof line, stdin)) {
    struct scmp_arg_cmp args[6];
    int n = 0;
    char *word = strtok(line, " \n");
    if (!word) continue;
    uint32_t action = strcmp(word, "allow") ? SCMP_ACT_ERRNO(atoi(word)) : SCMP_ACT_ALLOW;
    char *name = strtok(NULL, " \n");
    int number = seccomp_syscall_resolve_name_arch(seccomp_arch_resolve_name(argv[1]), name);
    if (number == __NR_SCMP_ERROR) { puts(name); continue; }
    if (number < 0) continue; /* no such call on this architecture */
    number = seccomp_syscall_resolve_name(name); /* libseccomp translates from the native one */
    while ((word = strtok(NULL, " \n"))) {
      unsigned argument = atoi(word);
      uint64_t mask = strtoull(strtok(NULL, " \n"), NULL, 10);
      uint64_t value = strtoull(strtok(NULL, " \n"), NULL, 10);
      args[n++] = mask == UINT64_MAX ? SCMP_CMP64(argument, SCMP_CMP_EQ, value)
                                     : SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, value);
    }
    if (seccomp_rule_add_exact_array(ctx, action, number, n, args)) { fprintf(stderr, "%s\n", name); return 3; }
  }
  int out = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  return seccomp_export_bpf(ctx, out) ? 4 : 0;
}
`
const folder = mkdtempSync(join(tmpdir(), 'steadfleet-oracle-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const oracle = openOracle()

describe('libseccomp agrees', { skip: oracle.missing ?? false }, () => {
  for (const architecture of ['amd64', 'arm64'] as const) {
    for (const names of [
      [],
      ['network'],
      ['can-bus', 'hugepages'],
      ['firewall-control', 'time-control'],
    ]) {
      test(`on ${architecture}, about ${names.join(' and ') || 'an app without any interface'}`, () => {
        compare(architecture, names)
      })
    }
  }
})

function compare(architecture: 'amd64' | 'arm64', names: readonly string[]): void {
  const opened = names.map(name => ({ interface: name }))
  const parts = filterParts(opened)
  const rules = conditionalCalls(parts)
  const ours = toSeccompFilter(architecture, opened)
  const theirs = askOracle(architecture, rules, parts.syscalls)
  const called = new Map<number, string>(
    Object.entries(syscalls[architecture]).map(([name, number]) => [number, name]),
  )
  let compared = 0
  for (let number = 0; number <= Math.max(...called.keys()); number += 1) {
    const name = called.get(number) ?? ''
    // Younger than this libseccomp.
    if (theirs.unknown.has(name)) continue
    const conditions = Object.hasOwn(rules, name) ? (rules[name] ?? []) : []
    const isRefusing = conditions.some(condition => condition.refuses)
    for (const args of probes(conditions)) {
      const call = { architecture: audit[architecture], number, args }
      const [a, b] = [ours, isRefusing ? theirs.refusing : theirs.allowing].map(filter =>
        verdictOn(filter, call),
      )
      const said = `${name || number}(${args.map(arg => arg.toString(16))})`
      // libseccomp knows one way to say no by argument: which errno is the table test's matter.
      if (conditions.length === 0) assert.equal(a, b, said)
      else assert.equal(a === allow, b === allow, said)
      compared += 1
    }
  }
  assert.ok(compared > 1000)
  for (const [arch, number] of [
    [audit[architecture], 0x40000101],
    [0x40000003, 1],
  ] as const) {
    if (architecture === 'arm64' && arch === audit.arm64) continue
    const call = { architecture: arch, number, args: [] }
    assert.equal(verdictOn(ours, call), verdictOn(theirs.allowing, call))
  }
}

/** Argument lists around each value of each condition, with rubbish in the upper half too. */
function probes(conditions: Conditions): bigint[][] {
  let lists: bigint[][] = [[0n, 0n, 0n, 0n, 0n, 0n]]
  for (const { argument, values, mask } of conditions) {
    const edges = [...values, ...someBits(mask), 3, 16, 17, 40].flatMap(value =>
      [value - 1, value, value + 1].map(near => BigInt(near >>> 0)),
    )
    const rubbish = values.map(value => BigInt(value) | (1n << 32n))
    lists = lists.flatMap(list =>
      [...new Set([...edges, ...rubbish])].map(v => list.with(argument, v)),
    )
  }
  return lists
}

/** The bits of a mask; of one that is all bits a few. */
function someBits(mask: number): number[] {
  const bits = Array.from({ length: 32 }, (_, bit) => (mask & (1 << bit)) >>> 0).filter(Boolean)
  return bits.length === 32 ? [1, 0x80000000] : bits
}

interface Opinion {
  /** All but what is listed is refused. */
  readonly allowing: Uint8Array
  /** All but what is listed is allowed: for the calls whose conditions say what is refused. */
  readonly refusing: Uint8Array
  readonly unknown: ReadonlySet<string>
}

function askOracle(
  architecture: 'amd64' | 'arm64',
  rules: Readonly<Record<string, Conditions>>,
  more: readonly string[],
): Opinion {
  const entries = Object.entries(rules)
  const isRefusing = (conditions: Conditions) => conditions.some(condition => condition.refuses)
  const allowing = oracle.ask(architecture, 'errno', [
    ...[...allowedCalls, ...more].map(name => `allow ${name}`),
    ...absentCalls.map(name => `38 ${name}`),
    ...entries.flatMap(([name, all]) => (isRefusing(all) ? [] : waysThrough(name, all))),
  ])
  const refusing = oracle.ask(
    architecture,
    'allow',
    entries.flatMap(([name, all]) => (isRefusing(all) ? refusals(name, all) : [])),
  )
  return { allowing: allowing.filter, refusing: refusing.filter, unknown: allowing.unknown }
}

/** A rule of libseccomp holds when all its comparisons do: one rule for each way through. */
function waysThrough(name: string, conditions: Conditions): string[] {
  let ways = [`allow ${name}`]
  for (const { argument, mask, values, wide } of conditions) {
    const bits = wide ? 0xffffffffffffffffn : BigInt(mask)
    ways = ways.flatMap(way => values.map(value => `${way} ${argument} ${bits} ${value}`))
  }
  return ways
}

function refusals(name: string, conditions: Conditions): string[] {
  return conditions.flatMap(({ argument, mask, values, errno }) =>
    values.map(value => `${errno} ${name} ${argument} ${mask} ${value}`),
  )
}

function openOracle() {
  const program = join(folder, 'oracle')
  const missing = buildOracle(program)
  const ask = (architecture: string, otherwise: string, lines: readonly string[]) => {
    const out = join(folder, 'filter.bpf')
    const words = [architecture === 'amd64' ? 'x86_64' : 'aarch64', otherwise, out]
    const said = execFileSync(program, words, { input: `${lines.join('\n')}\n`, encoding: 'utf8' })
    return { filter: readFileSync(out), unknown: new Set(said.split('\n').filter(Boolean)) }
  }
  return { missing, ask }
}

/** Compiles the program below; undefined, or why it can't be had. */
function buildOracle(program: string): string | undefined {
  const source = `${program}.c`
  writeFileSync(source, oracleSource)
  try {
    const flags = existsSync('/usr/include/seccomp.h') ? ['-lseccomp'] : fetchHeaders()
    execFileSync('gcc', [source, '-o', program, ...flags], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `needs gcc and libseccomp-dev: ${String(error).split('\n')[0]}`
  }
}

/** libseccomp-dev unpacked here, not installed; its static library stands alone. */
function fetchHeaders(): string[] {
  const options = { cwd: folder, stdio: 'pipe', timeout: 60_000 } as const
  execFileSync('apt-get', ['download', 'libseccomp-dev'], options)
  const file = readdirSync(folder).find(name => name.endsWith('.deb')) ?? ''
  execFileSync('dpkg', ['-x', file, '.'], options)
  const library = execFileSync('find', ['.', '-name', 'libseccomp.a'], {
    cwd: folder,
    encoding: 'utf8',
  })
  return [`-I${folder}/usr/include`, join(folder, library.trim())]
}
