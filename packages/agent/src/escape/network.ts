import { attemptsOf, type Row } from './attempt.ts'

const kinds = {
  raw_socket: { tries: 'opens a raw socket', refused: ['EAFNOSUPPORT', 'EPERM'] },
  raw_socket_6: { tries: 'opens a raw socket of IPv6', refused: ['EAFNOSUPPORT', 'EPERM'] },
  packet_socket: 'opens a packet socket, to hear and forge all that passes',
  netlink_socket: 'opens a netlink socket, to change addresses and routes',
  audit_socket: 'opens a socket of the kernel’s audit',
  hypervisor_socket: 'opens a socket to the hypervisor',
  crypto_socket: 'opens a socket of the kernel’s ciphers',
  bluetooth_socket: 'opens a bluetooth socket',
  can_socket: 'opens a socket of a CAN bus',
  multipath_tcp: {
    tries: 'opens a socket of multipath TCP',
    refused: ['EAFNOSUPPORT', 'EPROTONOSUPPORT'],
  },
  make_device: 'sets a network device up',
} satisfies Record<string, Row>

/** Sockets, and what can be reached by them. */
export const networkAttempts = [
  ...attemptsOf({
    threat: 'T18',
    stops: 'an empty network of its own, and the system call filter: no sockets but AF_UNIX',
    refused: ['EAFNOSUPPORT'],
    rows: {
      ...kinds,
      device_service: 'connects to a service of the device',
      device_service_6: 'connects to it by IPv6',
      device_service_udp: 'asks it by UDP',
      set_address: 'sets the loopback device up by ioctl',
      bind_privileged_port: 'listens on the telnet port',
      bind_to_device: 'marks its packets, as firewalls and routes do',
    },
  }),
  ...attemptsOf({
    threat: 'T18',
    stops: 'a network namespace of its own: abstract names are its own, too',
    refused: ['ECONNREFUSED'],
    rows: { abstract_socket: 'connects to an abstract socket of the device' },
  }),
]

/** The same with a network: what is opened is TCP and UDP over IPv4 and IPv6, and no more. */
export const grantedNetworkAttempts = attemptsOf({
  threat: 'T18',
  stops: 'the system call filter, also where a network is granted',
  refused: ['EAFNOSUPPORT', 'EPERM', 'EACCES', 'EPROTONOSUPPORT'],
  opened: ['network'],
  rows: {
    ...kinds,
    set_address: 'sets the loopback device up by ioctl',
    bind_to_device: 'marks its packets, as firewalls and routes do',
  },
})

/** A network of its own has its own loopback device, whatever is let out of it. */
const devicesOwn =
  'the app has the device’s own network then, and reaches what listens there (R5 of the threat model)'

/** What listens on the device itself is out of reach, also with a network. */
export const deviceServiceAttempts = attemptsOf({
  threat: 'T18',
  stops: 'a network of its own for each package that is given one',
  refused: ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EAGAIN', 'EADDRNOTAVAIL'],
  opened: ['network'],
  asUser: devicesOwn,
  rows: {
    device_service: 'connects to a service that listens on the device alone',
    device_service_6: 'connects to it by IPv6',
    device_service_udp: 'asks it by UDP',
    abstract_socket: 'connects to an abstract socket of the device',
  },
})
