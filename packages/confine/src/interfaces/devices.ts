import { object, oneOf } from '@steadfleet/domain'
import { Type } from 'typebox'
import type { DevicePattern } from './effect.ts'
import { row } from './interface.ts'

const tested = 'with stand-ins'
const owner = { granted: 'by the owner', tested } as const

/** Opens nodes of these paths. */
const nodes = (...paths: readonly string[]) => ({ devices: paths.map(path => ({ path })) })

/** A list of some of what there is; without it all of it is opened. */
const some = (pattern: string, description: string) =>
  Type.Optional(
    Type.Array(Type.String({ pattern, description }), {
      minItems: 1,
      maxItems: 32,
      uniqueItems: true,
    }),
  )

const serialNodes = ['ttyS*', 'ttyUSB*', 'ttyACM*', 'ttyAMA*', 'ttymxc*', 'ttySC*']
const hexNumber = (description: string) => Type.String({ pattern: '^[0-9a-f]{4}$', description })

/** Interfaces to hardware, by the device nodes of its drivers. */
export const deviceInterfaces = {
  camera: row({
    title: 'Cameras',
    opens: 'every camera and video capture device of the device',
    risk: 'high',
    danger: 'watches the people around the device',
    ...owner,
    members: {},
    effect: () => nodes('/dev/video*', '/dev/media*', '/dev/v4l-subdev*'),
  }),
  microphone: row({
    title: 'Microphones',
    opens: 'recording from every sound card, and its mixer',
    risk: 'high',
    danger: 'listens to the people around the device',
    ...owner,
    members: {},
    effect: () => nodes('/dev/snd/pcmC*D*c', '/dev/snd/controlC*'),
  }),
  'audio-playback': row({
    title: 'Sound',
    opens: 'playing on every sound card, and its mixer',
    risk: 'low',
    danger: 'makes noise; a mixer may also turn a microphone up',
    ...owner,
    members: {},
    effect: () => nodes('/dev/snd/pcmC*D*p', '/dev/snd/controlC*', '/dev/snd/timer'),
  }),
  gpu: row({
    title: 'Graphics processor',
    opens:
      'computing and drawing on the graphics processor, without a screen; what the device is made of',
    risk: 'medium',
    danger:
      'drivers of graphics processors are large and have flaws; may read what others left in its memory',
    ...owner,
    members: {},
    effect: () => ({
      ...nodes(
        '/dev/dri/renderD*',
        '/dev/mali*',
        '/dev/nvidia*',
        '/dev/kgsl-3d0',
        '/dev/dma_heap/*',
      ),
      files: ['/sys/dev/char', '/sys/devices', '/sys/class/drm'].map(path => ({
        path,
        access: 'read' as const,
      })),
    }),
  }),
  framebuffer: row({
    title: 'Framebuffer',
    opens: 'the picture on the screen, to be read and written',
    risk: 'medium',
    danger: 'reads what is shown, and shows what is not so',
    ...owner,
    members: {},
    effect: () => nodes('/dev/fb*'),
  }),
  'serial-port': row({
    title: 'Serial ports',
    opens: 'the serial ports that it names, or all of them',
    risk: 'medium',
    danger: 'commands whatever is at the other end; a console may be one of them',
    ...owner,
    members: { ports: some('^tty[A-Za-z]{1,8}[0-9]{1,3}$', 'as ttyUSB0') },
    effect: ({ ports = serialNodes }) => nodes(...ports.map(name => `/dev/${name}`)),
  }),
  usb: row({
    title: 'USB devices',
    opens: 'the USB devices of the vendors and products that it names, raw',
    risk: 'high',
    danger: 'does with them whatever their protocol can, changing their own software included',
    ...owner,
    members: {
      devices: Type.Array(
        object({
          vendor: hexNumber('four hexadecimal digits, as lsusb shows them'),
          product: Type.Optional(hexNumber('all of the vendor’s where it is absent')),
        }),
        { minItems: 1, maxItems: 32 },
      ),
    },
    effect: ({ devices }) => ({ devices: [{ path: '/dev/bus/usb/*/*', usb: devices }] }),
  }),
  i2c: row({
    title: 'I²C',
    opens: 'the I²C buses that it names by number, or all of them',
    risk: 'high',
    danger: 'every chip of a bus: sensors, but also power supplies and memories',
    ...owner,
    members: { buses: some('^[0-9]{1,3}$', 'as "1"') },
    effect: ({ buses = ['*'] }) => nodes(...buses.map(bus => `/dev/i2c-${bus}`)),
  }),
  spi: row({
    title: 'SPI',
    opens: 'the SPI devices that it names by bus and select line, or all of them',
    risk: 'high',
    danger: 'every chip that it selects; a start-up memory may be one of them',
    ...owner,
    members: { devices: some('^[0-9]{1,3}\\.[0-9]{1,3}$', 'as "0.0"') },
    effect: ({ devices = ['*.*'] }) => nodes(...devices.map(one => `/dev/spidev${one}`)),
  }),
  gpio: row({
    title: 'GPIO lines',
    opens: 'the lines of the GPIO chips that it names by number, or of all of them',
    risk: 'high',
    danger: 'switches what hangs on the lines: relays, motors, resets',
    ...owner,
    members: { chips: some('^[0-9]{1,3}$', 'as "0"') },
    effect: ({ chips = ['*'] }) => nodes(...chips.map(chip => `/dev/gpiochip${chip}`)),
  }),
  'can-bus': row({
    title: 'CAN buses',
    opens:
      'every CAN bus of the device; the app is in the device’s network, where only these are opened',
    risk: 'high',
    danger: 'commands every part on the bus: in a vehicle, its motor and its brakes',
    ...owner,
    members: {},
    effect: () => ({
      hostNetwork: true,
      families: ['can'],
      socketTypes: ['raw'],
      protocols: [1, 2, 6, 7], // CAN_RAW, CAN_BCM, CAN_ISOTP, CAN_J1939 of linux/can.h
    }),
  }),
  bluetooth: row({
    title: 'Bluetooth',
    opens:
      'connections by Bluetooth; the app is in the device’s network, where only these are opened',
    risk: 'medium',
    danger:
      'talks to what is paired and near; finding and pairing are BlueZ’s, by the interface dbus',
    ...owner,
    members: {},
    effect: () => ({
      hostNetwork: true,
      families: ['bluetooth'],
      protocols: [2, 3], // BTPROTO_SCO, BTPROTO_RFCOMM; L2CAP is 0
      devices: [{ path: '/dev/rfcomm*' }],
    }),
  }),
  modem: row({
    title: 'Modems',
    opens: 'the control channels of cellular modems',
    risk: 'high',
    danger:
      'sends messages and calls at the owner’s cost, reads those that come, tells where the device is',
    ...owner,
    members: {},
    effect: () => nodes('/dev/cdc-wdm*', '/dev/wwan*', '/dev/qcqmi*'),
  }),
  nfc: row({
    title: 'NFC readers',
    opens: 'NFC chips with a device node of their own; readers on the USB are opened by usb',
    risk: 'medium',
    danger: 'reads and writes cards that come near',
    ...owner,
    members: {},
    effect: () => nodes('/dev/pn5*', '/dev/nfc*', '/dev/nq-nci'),
  }),
  joystick: row({
    title: 'Joysticks',
    opens: 'game controllers, to be read; no keyboards',
    risk: 'low',
    danger: 'sees what is pressed on them',
    ...owner,
    members: {},
    effect: () => ({ devices: [{ path: '/dev/input/js*', access: 'read' }] }),
  }),
  tpm: row({
    title: 'TPM',
    opens: 'the security chip, through the kernel’s resource manager',
    risk: 'high',
    danger:
      'uses keys that no password guards, and can fill or lock the chip; the device’s own may be there',
    ...owner,
    granted: 'never automatically',
    members: {},
    effect: () => nodes('/dev/tpmrm*'),
  }),
  'time-read': row({
    title: 'Clock state',
    opens: 'the real-time clock chip and how well the system clock is kept, to be read',
    risk: 'low',
    danger: 'knows the hour, as everybody does',
    ...owner,
    granted: 'by default',
    members: {},
    effect: () => ({ devices: clocks, syscalls: ['adjtimex', 'clock_adjtime'] }),
  }),
  'time-control': row({
    title: 'Clock setting',
    opens: 'setting the system clock and the real-time clock chip',
    risk: 'high',
    danger:
      'makes what is expired look fresh to others; the agent itself goes by signed times, never back',
    ...owner,
    granted: 'never automatically',
    members: {},
    effect: () => ({
      devices: [{ path: '/dev/rtc*' }],
      syscalls: ['adjtimex', 'clock_adjtime', 'clock_settime', 'settimeofday'],
      capabilities: ['sys_time'],
    }),
  }),
  display: row({
    title: 'Screen and input',
    opens: 'windows on the screen, by the protocol that it names',
    risk: 'high',
    danger:
      'with x11 it reads every key and window; with kms it owns the screen; with wayland its own windows',
    ...owner,
    members: { protocol: oneOf('wayland', 'x11', 'kms') },
    effect: ({ protocol }) => displays[protocol],
  }),
} as const

const clocks: readonly DevicePattern[] = [{ path: '/dev/rtc*', access: 'read' }]

const displays = {
  wayland: {
    sockets: [
      { patterns: ['/run/wayland-0', '/run/user/*/wayland-0'], at: '/run/steadfleet/wayland-0' },
    ],
    environment: { WAYLAND_DISPLAY: '/run/steadfleet/wayland-0' },
  },
  x11: {
    sockets: [{ patterns: ['/tmp/.X11-unix/X0'], at: '/tmp/.X11-unix/X0' }],
    environment: { DISPLAY: ':0' },
  },
  kms: nodes('/dev/dri/card*'),
} as const
