/** One way to bring the newer tree to a device, as shell commands in a folder that holds both. */
export interface Peer {
  readonly name: string
  /** Commands that it needs, none of which comes with Debian's base. */
  readonly needs: readonly string[]
  /** What is done once beforehand and is not counted, as the older image that both sides have. */
  readonly prepare?: string
  readonly make: string
  readonly apply: string
  /** Prints the bytes that travel. */
  readonly size: string
}

// In the folder are `old` and `next`, links to the trees, and `old.tar` and `next.tar`.
const squash = (side: string): string =>
  `mksquashfs $(realpath ${side}) ${side}.sq -noappend -comp xz -no-fragments -no-progress -all-root -no-xattrs -processors 1`
const sizeOf = (file: string): string => `stat -c %s ${file}`
const commit = (tree: string): string =>
  `ostree --repo=made commit -b main --tree=dir=$(realpath ${tree}) --owner-uid=0 --owner-gid=0 --no-xattrs --timestamp=@0`

/** Each by the options that its users have, or better ones. */
export const peers: readonly Peer[] = [
  {
    name: 'full, zstd -19',
    needs: ['zstd'],
    make: 'zstd -q -f -19 --long=27 -T1 next.tar -o full.zst',
    apply: 'zstd -q -f -d --long=27 full.zst -o out.tar',
    size: sizeOf('full.zst'),
  },
  {
    name: 'xdelta3 on squashfs-xz',
    needs: ['xdelta3', 'mksquashfs'],
    prepare: `${squash('old')} && ${squash('next')}`,
    make: 'xdelta3 -e -f -9 -s old.sq next.sq squash.xd',
    apply: 'xdelta3 -d -f -s old.sq squash.xd out.sq',
    size: sizeOf('squash.xd'),
  },
  {
    name: 'xdelta3 -9 on tars',
    needs: ['xdelta3'],
    make: 'xdelta3 -e -f -9 -s old.tar next.tar tar.xd',
    apply: 'xdelta3 -d -f -s old.tar tar.xd out.tar',
    size: sizeOf('tar.xd'),
  },
  {
    name: 'bsdiff on tars',
    needs: ['bsdiff', 'bspatch'],
    make: 'bsdiff old.tar next.tar tar.bs',
    apply: 'bspatch old.tar out.tar tar.bs',
    size: sizeOf('tar.bs'),
  },
  {
    name: 'zstd -19 --patch-from',
    needs: ['zstd'],
    make: 'zstd -q -f -19 --long=31 -T1 --patch-from=old.tar next.tar -o patch.zst',
    apply: 'zstd -q -f -d --long=31 --patch-from=old.tar patch.zst -o out.tar',
    size: sizeOf('patch.zst'),
  },
  {
    name: 'casync',
    needs: ['casync'],
    prepare:
      'casync make --store=chunks.castr --without=all old.caidx $(realpath old) && touch mark',
    make: 'casync make --store=chunks.castr --without=all next.caidx $(realpath next)',
    apply:
      'casync extract --store=chunks.castr --seed=$(realpath old) --without=all next.caidx extracted',
    size: "(find chunks.castr -type f -newer mark -printf '%s\\n'; stat -c %s next.caidx) | awk '{n+=$1} END {print n}'",
  },
  {
    name: 'ostree static delta',
    needs: ['ostree'],
    prepare: `ostree --repo=made init --mode=archive && ${commit('old')} > old.commit && ostree --repo=has init --mode=bare-user && ostree --repo=has pull-local made main && ${commit('next')} > next.commit`,
    make: 'ostree --repo=made static-delta generate --from=$(cat old.commit) --to=$(cat next.commit) --inline --min-fallback-size=0 --max-bsdiff-size=512 --filename=$PWD/ostree.delta',
    apply: 'ostree --repo=has static-delta apply-offline $PWD/ostree.delta',
    size: sizeOf('ostree.delta'),
  },
]
