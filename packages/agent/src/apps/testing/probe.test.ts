import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A program that does what it is told, one word after the other, and prints what came of each: `done`, or the
 * name of the error. It is one file without a library, so that it runs in every tree.
 */
const source = String.raw`
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <net/if.h>
#include <linux/rtnetlink.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nf_tables.h>

static int alias(const char *text) {
  struct { struct nlmsghdr h; struct ifinfomsg m; char b[64]; } r = {0};
  struct { struct nlmsghdr h; struct nlmsgerr e; char b[256]; } answer;
  int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (s < 0) return s;
  struct rtattr *a = (struct rtattr *)r.b;
  a->rta_type = IFLA_IFALIAS; a->rta_len = RTA_LENGTH(strlen(text)); strcpy(RTA_DATA(a), text);
  r.h.nlmsg_len = NLMSG_LENGTH(sizeof r.m) + RTA_ALIGN(a->rta_len);
  r.h.nlmsg_type = RTM_SETLINK; r.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK; r.m.ifi_index = 1;
  if (send(s, &r, r.h.nlmsg_len, 0) < 0 || recv(s, &answer, sizeof answer, 0) < 0) return -1;
  errno = -answer.e.error;
  return answer.e.error;
}

static int tables(void) {
  struct { struct nlmsghdr h; struct nfgenmsg m; } r = {0};
  struct { struct nlmsghdr h; struct nlmsgerr e; char b[8192]; } answer;
  int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  if (s < 0) return s;
  r.h.nlmsg_len = sizeof r; r.h.nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN;
  r.h.nlmsg_flags = NLM_F_REQUEST;
  if (send(s, &r, sizeof r, 0) < 0 || recv(s, &answer, sizeof answer, 0) < 0) return -1;
  if (answer.h.nlmsg_type != NLMSG_ERROR) return 0;
  errno = -answer.e.error;
  return answer.e.error;
}

static long act(char *what) {
  char *of = strchr(what, '=');
  if (of) *of++ = 0;
  if (!strcmp(what, "read") || !strcmp(what, "write")) {
    int f = open(of, *what == 'r' ? O_RDONLY : O_WRONLY);
    if (f >= 0) close(f);
    return f;
  }
  if (!strcmp(what, "make")) return open(of, O_WRONLY | O_CREAT, 0644);
  if (!strcmp(what, "call") || !strcmp(what, "serve")) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    strncpy(to.sun_path, of, sizeof to.sun_path - 1);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    if (*what == 'c') return connect(s, (struct sockaddr *)&to, sizeof to);
    unlink(of);
    umask(0);
    return bind(s, (struct sockaddr *)&to, sizeof to) < 0 ? -1 : listen(s, 5);
  }
  if (!strcmp(what, "clock-state")) { struct timex t = {0}; return adjtimex(&t); }
  if (!strcmp(what, "clock-set")) { struct timezone z = {0}; return settimeofday(0, &z); }
  if (!strcmp(what, "real-time")) { struct sched_param p = {5}; return sched_setscheduler(0, SCHED_FIFO, &p); }
  if (!strcmp(what, "huge")) {
    void *at = mmap(0, 2 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    return at == MAP_FAILED ? -1 : 0;
  }
  if (!strcmp(what, "socket")) {
    int family, type, protocol;
    sscanf(of, "%d,%d,%d", &family, &type, &protocol);
    return socket(family, type, protocol);
  }
  if (!strcmp(what, "alias")) return alias(of);
  if (!strcmp(what, "tables")) return tables();
  if (!strcmp(what, "stay")) { pause(); return 0; }
  errno = EINVAL;
  return -1;
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IONBF, 0);
  for (int i = 1; i < argc; i++) {
    char name[256];
    strncpy(name, argv[i], 255);
    errno = 0;
    long got = act(argv[i]);
    printf("%s %s\n", name, got >= 0 ? "done" : strerrorname_np(errno));
  }
  return 0;
}
`

/** Compiles the probe into a folder; undefined where this machine can't. */
export function compileProbe(): { readonly program: string; readonly folder: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-probe-'))
  const program = join(folder, 'probe')
  writeFileSync(`${program}.c`, source)
  try {
    execFileSync('gcc', ['-static', '-O1', '-w', `${program}.c`, '-o', program], { stdio: 'pipe' })
    return { program, folder }
  } catch (error) {
    console.error(String((error as { stderr?: Buffer }).stderr ?? error).slice(0, 500))
    rmSync(folder, { recursive: true })
    return undefined
  }
}
