/* Runs the attempts that are named, each as a process of its own, and says of each in a line of JSON what
 * came of it. "--alone" gives each a mount namespace: what it does to one is gone with it. */
#include "attempt.h"
#include <dirent.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/wait.h>

static struct { const char *name; Attempt attempt; } known[200];
static int count;

void add(const char *name, Attempt attempt) {
  known[count].name = name;
  known[count++].attempt = attempt;
}

const char *place(const char *name) {
  const char *value = getenv(name);
  if (value) return value;
  printf("no place %s\n", name);
  fflush(stdout);
  _exit(3);
}

long number(const char *name) { return atol(place(name)); }

const char *mine(const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", place("MINE"), name);
  return path;
}

long says(const char *text) {
  printf("%s\n", text);
  return 0;
}

long opens(const char *path, int flags) { return open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); }

long reads(const char *path) {
  char text[200] = {0};
  int fd = open(path, O_RDONLY | O_NONBLOCK);
  if (fd < 0 || read(fd, text, sizeof text - 1) < 0) return -1;
  text[strcspn(text, "\n")] = 0;
  return says(text);
}

long writes_back(const char *path) {
  char text[256];
  int in = open(path, O_RDONLY), length = in < 0 ? 0 : read(in, text, sizeof text);
  int out = open(path, O_WRONLY);
  return out < 0 ? -1 : write(out, text, length > 0 ? length : 0);
}

static int is_seen(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/stat", number("VICTIM"));
  return access(path, F_OK) == 0;
}

const char *of_another(const char *file) {
  static char path[64];
  snprintf(path, sizeof path, "/proc/%ld/%s", is_seen() ? number("VICTIM") : 1, file);
  return path;
}

pid_t target(void) {
  if (is_seen()) return number("VICTIM");
  pid_t child = fork();
  if (child == 0) for (;;) pause();
  return child;
}

static void run(const char *name) {
  alarm(10);
  for (int i = 0; i < count; i++) {
    if (strcmp(known[i].name, name)) continue;
    long got = known[i].attempt();
    if (got < 0) says(strerrorname_np(errno));
    else if (ftell(stdout) <= 0) says("done");
    fflush(stdout);
    _exit(0);
  }
  char script[4096];
  snprintf(script, sizeof script, "%s/%s.sh", place("PROGRAMS"), name);
  execl("/bin/sh", "sh", script, (char *)0);
  says(strerrorname_np(errno));
  fflush(stdout);
  _exit(127);
}

static void quote(const char *text) {
  for (; *text; text++) {
    unsigned char c = *text;
    if (c == '"' || c == '\\') printf("\\%c", c);
    else if (c < 32 || c > 126) printf("\\u%04x", c);
    else putchar(c);
  }
}

static void try_one(const char *name, int alone) {
  int ends[2], status = 0;
  char said[400] = {0}, rest[4096];
  if (pipe(ends)) exit(2);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    setsid();
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    close(ends[0]);
    close(ends[1]);
    if (alone && unshare(CLONE_NEWNS)) exit(3);
    if (alone && mount("none", "/", 0, MS_REC | MS_PRIVATE, 0)) exit(3);
    run(name);
  }
  close(ends[1]);
  int at = 0;
  struct pollfd answer = {ends[0], POLLIN, 0};
  /* What an attempt leaves running may hold the pipe: its own end counts. */
  while (waitpid(child, &status, WNOHANG) == 0 || poll(&answer, 1, 0) > 0) {
    if (poll(&answer, 1, 20) <= 0) continue;
    int got = at < 399 ? read(ends[0], said + at, 399 - at) : read(ends[0], rest, sizeof rest);
    if (got <= 0) { waitpid(child, &status, 0); break; }
    if (at < 399) at += got;
  }
  close(ends[0]);
  kill(-child, SIGKILL);
  if (WIFSIGNALED(status)) { strcpy(said, "SIG"); strcat(said, sigabbrev_np(WTERMSIG(status))); }
  said[strcspn(said, "\n")] = 0;
  printf("{\"attempt\":\"%s\",\"said\":\"", name);
  quote(said);
  printf("\"}\n");
}

/* The stage's places stand in a file beside the program, as NAME=VALUE. */
static void read_stage(const char *program) {
  char path[4096], line[4096];
  strncpy(path, program, sizeof path - 8);
  *strrchr(path, '/') = 0;
  setenv("PROGRAMS", path, 1);
  strcat(path, "/stage");
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    char *value = strchr(line, '=');
    if (!value) continue;
    *value = 0;
    if (!getenv(line)) setenv(line, value + 1, 1);
  }
  if (file) fclose(file);
}

int main(int argc, char **argv) {
  read_stage(argv[0]);
  int alone = argc > 1 && !strcmp(argv[1], "--alone");
  if (argc == 2 && !strncmp(argv[1], "--as=", 5)) run(argv[1] + 5);
  for (int i = alone ? 2 : 1; i < argc; i++) try_one(argv[i], alone);
  return 0;
}
