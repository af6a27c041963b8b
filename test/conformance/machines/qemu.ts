/** QEMU's own igb through its QTest socket, its wire a unix socket. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Qemu } from '../../../src/lab/qemu.ts';
import { ProcessTransport, type QTestTransport } from '../../../src/qtest/client/index.ts';
import type { ConformanceMachine, FarEnd } from '../machine.ts';
import { PciNic } from './pci-nic.ts';
import { QTestPlatform } from './qtest-platform.ts';
import { StreamPeer } from './stream-peer.ts';

const SLOT = 1;
/** Rounds of QEMU's main loop after which it has read what was in its socket before. */
const ROUNDS = 2;

export function openQemu(qemu: Qemu): ConformanceMachine {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-conformance-'));
  const path = join(folder, 'wire.sock');
  const peer = new StreamPeer(path, 'server');
  const machine = ['-machine', 'q35', '-nodefaults', '-m', '64M', '-device', `pcie-root-port,id=rp,addr=${SLOT}`];
  const nic = ['-netdev', `stream,id=n0,server=off,addr.type=unix,addr.path=${path}`];
  const igb = ['-device', 'igb,bus=rp,netdev=n0,mac=52:54:00:12:34:56'];
  const { command, env } = qemu;
  const transport = new ProcessTransport({ command, args: [...qemu.args, ...machine, ...nic, ...igb], env });
  for (let left = 1000; !peer.accept(); left -= 1) {
    if (left === 0) throw new Error('QEMU did not connect its wire');
    transport.ask('endianness');
  }
  return new PciNic(
    new QTestPlatform({
      driver: 'qemu',
      card: 'copper',
      described: qemu.described,
      transport,
      wire: wireOf(peer, transport),
      slot: SLOT,
      close: () => {
        transport.close();
        peer.close();
        rmSync(folder, { recursive: true, force: true });
      },
    }),
  );
}

/** QEMU sends within the command that causes it, and reads within the rounds of its loop that commands are. */
function wireOf(peer: StreamPeer, transport: QTestTransport): FarEnd {
  return {
    send: (frame) => {
      peer.send(frame);
      for (let round = 0; round < ROUNDS; round += 1) transport.ask('endianness');
    },
    take: () => peer.take(),
  };
}
