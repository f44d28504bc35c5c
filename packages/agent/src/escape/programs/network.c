/* Sockets of every kind, and what can be reached by them. */
#include "attempt.h"
#include <arpa/inet.h>
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

ATTEMPT(raw_socket) { return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
ATTEMPT(raw_socket_6) { return socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6); }
ATTEMPT(packet_socket) { return socket(AF_PACKET, SOCK_RAW, 0); }
ATTEMPT(netlink_socket) { return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }
ATTEMPT(audit_socket) { return socket(AF_NETLINK, SOCK_RAW, 9); }
ATTEMPT(hypervisor_socket) { return socket(40, SOCK_STREAM, 0); }
ATTEMPT(crypto_socket) { return socket(38, SOCK_SEQPACKET, 0); }
ATTEMPT(bluetooth_socket) { return socket(31, SOCK_RAW, 1); }
ATTEMPT(can_socket) { return socket(29, SOCK_RAW, 1); }
ATTEMPT(multipath_tcp) { return socket(AF_INET, SOCK_STREAM, 262); }
ATTEMPT(make_device) {
  struct { struct nlmsghdr head; struct ifinfomsg link; } wish = {{sizeof wish, RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0}, {.ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP}};
  struct { struct nlmsghdr head; struct nlmsgerr error; char rest[256]; } answer;
  int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (s < 0 || send(s, &wish, sizeof wish, 0) < 0 || recv(s, &answer, sizeof answer, 0) < 0) return -1;
  errno = -answer.error.error;
  return errno ? -1 : 0;
}

static long connects4(uint32_t address, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
  int s = socket(AF_INET, SOCK_STREAM, 0);
  if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof to)) return -1;
  return 0;
}
ATTEMPT(device_service) { return connects4(INADDR_LOOPBACK, number("PORT")); }
ATTEMPT(device_service_6) {
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(number("PORT_6")), .sin6_addr = in6addr_loopback};
  int s = socket(AF_INET6, SOCK_STREAM, 0);
  if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof to)) return -1;
  return 0;
}
ATTEMPT(device_service_udp) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(number("PORT_UDP")), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  char text[8] = {0};
  struct timeval patience = {2, 0};
  if (s < 0 || setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience)) return -1;
  if (sendto(s, "?", 1, 0, (struct sockaddr *)&to, sizeof to) < 0 || recv(s, text, 7, 0) < 0) return -1;
  return 0;
}
ATTEMPT(abstract_socket) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  const char *name = place("ABSTRACT");
  strncpy(to.sun_path + 1, name, sizeof to.sun_path - 2);
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  if (s < 0) return -1;
  return connect(s, (struct sockaddr *)&to, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}
ATTEMPT(set_address) {
  struct ifreq wish = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  return s < 0 ? -1 : ioctl(s, SIOCSIFFLAGS, &wish);
}
ATTEMPT(bind_privileged_port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(23), .sin_addr.s_addr = htonl(INADDR_ANY)};
  int s = socket(AF_INET, SOCK_STREAM, 0);
  return s < 0 ? -1 : bind(s, (struct sockaddr *)&at, sizeof at);
}
ATTEMPT(bind_to_device) {
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  return s < 0 ? -1 : setsockopt(s, SOL_SOCKET, SO_MARK, &(int){1}, sizeof(int));
}
