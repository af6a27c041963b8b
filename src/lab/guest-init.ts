/** The guest's first process and the few files beside it. */

/** Loads the driver of every PCI function that has one, as udev would; twice, as a bridge brings up functions behind it. */
const coldplug = `#!/bin/sh
for pass in 1 2; do
  for function in /sys/bus/pci/devices/*; do
    [ -e "$function/driver" ] || modprobe -q -b "$(cat "$function/modalias")"
  done
done
exit 0
`;

/** The lab's way into the guest: the agent on its virtio port, which is there a moment after its driver. */
const startAgent = `#!/bin/sh
for try in $(seq 50); do
  for port in /sys/class/virtio-ports/*; do
    [ -e "$port/name" ] && [ "$(cat "$port/name")" = org.qemu.guest_agent.0 ] && agent="/dev/\${port##*/}"
  done
  [ -n "$agent" ] && break
  sleep 0.1
done
if [ -n "$agent" ]; then
  qemu-ga --method virtio-serial --path "$agent" --statedir /run --pidfile /run/qemu-ga.pid > /dev/null 2>&1 &
else
  echo "init: no agent port" > /dev/console
fi
`;

/**
 * Suspends the guest (freeze, mem), and leaves the kernel's status in /tmp/resumed when it is awake again. Until then there is
 * no agent: with Linux 7.3 a port that was there before a suspension stays closed.
 */
const suspend = `#!/bin/sh
rm -f /tmp/resumed
cd /sys/bus/virtio/drivers/virtio_console
console=$(ls -d virtio*)
kill "$(busybox pidof qemu-ga)"
echo "$console" > unbind
echo "$1" > /sys/power/state
echo $? > /tmp/resumed
echo "$console" > bind
exec start-agent
`;

/**
 * Mounts, the agent, and then waiting (which also reaps). Words on the kernel's command line switch things on:
 * outboard.coldplug loads drivers at once, outboard.shell gives a shell on the second serial port as soon as /run/shell is
 * made.
 */
const init = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin HOME=/root TERM=linux
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
busybox mkdir -p /dev/pts /dev/shm /run /tmp
busybox mount -t devpts devpts /dev/pts
busybox mount -t tmpfs tmpfs /run
busybox mount -t tmpfs tmpfs /tmp
echo /usr/bin/modprobe > /proc/sys/kernel/modprobe
busybox hostname guest
ip link set lo up
modprobe -q -a virtio_pci virtio_console
start-agent
words=" $(cat /proc/cmdline) "
case "$words" in *" outboard.coldplug "*) coldplug ;; esac
case "$words" in
*" outboard.shell "*)
  cd /root
  until [ -e /run/shell ]; do sleep 0.1; done
  export PS1='guest:\\w# '
  setsid -c /bin/bash -l < /dev/ttyS1 > /dev/ttyS1 2>&1
  poweroff -f
  ;;
esac
while :; do
  sleep 1000 &
  wait
done
`;

const profile = `cat <<'END'
A Debian guest with the NIC. "ip address" shows its interfaces; "exit" powers it off.
END
`;

/** Path, permission bits and text of each file. */
export const guestFiles: readonly (readonly [path: string, mode: number, text: string])[] = [
  ['init', 0o755, init],
  ['usr/sbin/coldplug', 0o755, coldplug],
  ['usr/sbin/start-agent', 0o755, startAgent],
  ['usr/sbin/suspend', 0o755, suspend],
  ['etc/profile', 0o644, profile],
  ['etc/passwd', 0o644, 'root:x:0:0:root:/root:/bin/sh\n'],
  ['etc/group', 0o644, 'root:x:0:\n'],
  ['etc/hosts', 0o644, '127.0.0.1 localhost guest\n::1 localhost\n'],
  ['etc/nsswitch.conf', 0o644, 'passwd: files\ngroup: files\nhosts: files\n'],
];
