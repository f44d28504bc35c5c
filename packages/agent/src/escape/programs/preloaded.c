/* A library that says, from within every program that loads it, who that program is and what it may. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void says(void) {
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (!strncmp(line, "CapEff:", 7)) fprintf(stderr, "preloaded by %d with %s", geteuid(), line + 8);
  if (status) fclose(status);
}
