/* A process of the device that holds secrets: in memory, in a queue, behind two sockets, in its arguments and
 * its environment. It says "ready", and stays until its standard input ends. */
#include "attempt.h"
#include <mqueue.h>
#include <stddef.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

static int listens(const char *path, int is_abstract) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  strncpy(at.sun_path + is_abstract, path, sizeof at.sun_path - 2);
  socklen_t length = offsetof(struct sockaddr_un, sun_path) + is_abstract + strlen(path);
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(s, (struct sockaddr *)&at, length) || listen(s, 50)) exit(2);
  if (!is_abstract) chmod(path, 0777);
  return s;
}

static void hands_out(int listener, int secret) {
  for (;;) {
    int s = accept(listener, 0, 0);
    char room[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {"x", 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    *(int *)CMSG_DATA(head) = secret;
    sendmsg(s, &message, MSG_NOSIGNAL);
    close(s);
  }
}

/* victim HANDOUT ABSTRACT KEY QUEUE SECRET-FILE victim-argument */
int main(int argc, char **argv) {
  if (argc < 7) return 2;
  int id = shmget(atol(argv[3]), 4096, IPC_CREAT | 0666);
  strcpy(shmat(id, 0, 0), "secret");
  mqd_t queue = mq_open(argv[4], O_CREAT | O_RDWR, 0666, 0);
  int handout = listens(argv[1], 0), secret = open(argv[5], O_RDONLY);
  listens(argv[2], 1);
  pid_t child = fork();
  if (child == 0) hands_out(handout, secret);
  puts("ready");
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) continue;
  kill(child, SIGKILL);
  shmctl(id, IPC_RMID, 0);
  mq_close(queue);
  mq_unlink(argv[4]);
  return 0;
}
