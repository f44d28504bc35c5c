/* What every attempt is written with. An attempt gives a number of 0 or more where it got through, -1 and
 * errno where it did not; what it could read it says. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

typedef long (*Attempt)(void);
void add(const char *name, Attempt attempt);

#define ATTEMPT(name)                                                                              \
  static long try_##name(void);                                                                    \
  __attribute__((constructor)) static void add_##name(void) { add(#name, try_##name); }            \
  static long try_##name(void)

/* A place of the stage by its name: a path, a number, a port. */
const char *place(const char *name);
long number(const char *name);
/* A path below the folder that the attempt may write. */
const char *mine(const char *name);
/* Says the first line of a file. */
long reads(const char *path);
long opens(const char *path, int flags);
/* Writes back what the file holds. */
long writes_back(const char *path);
long says(const char *text);
/* A file of /proc of the process outside that holds secrets, where it can be seen; else of the first that can. */
const char *of_another(const char *file);
/* The process outside that holds secrets, where it can be seen; else a child of our own. */
pid_t target(void);
