import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pointNames } from '../capture/points.ts';
import { INBOUND, OUTBOUND } from '../capture/capture-memory.ts';
import { parseFilterDump, placeFilterDump } from './filter-dump-options.ts';

const BOTH = INBOUND | OUTBOUND;

function parse(options: string): readonly unknown[] {
  const { points, directions, format, status } = parseFilterDump(`filter-dump,id=f0,${options}`);
  return [points.map((point) => pointNames[point]!.name).join(' '), directions, format, status];
}

test('points, directions as seen from them, formats', () => {
  assert.deepEqual(parse('netdev=n0,file=x'), ['wire', BOTH, 'pcap', true]);
  assert.deepEqual(parse('netdev=n0,file=x.pcapng,queue=all,position=head'), ['wire', BOTH, 'pcapng', true]);
  assert.deepEqual(parse('netdev=n0,queue=rx,file=x'), ['wire', OUTBOUND, 'pcap', true], 'what the netdev gets');
  assert.deepEqual(parse('netdev=n0,queue=tx,file=x'), ['wire', INBOUND, 'pcap', true]);
  assert.deepEqual(parse('function=vf7,queue=rx,file=x,status=off'), ['vf7', INBOUND, 'pcap', false]);
  assert.deepEqual(parse('function=pf,pool=3,queue=tx,format=pcapng,file=x'), ['pf pool3', OUTBOUND, 'pcapng', true]);
  assert.deepEqual(parse('queue=tx15,file=x'), ['tx15', BOTH, 'pcap', true]);
  assert.deepEqual(parse('netdev=n0,queue=rx0,file=x'), ['wire rx0', BOTH, 'pcapng', true]);
  assert.deepEqual(parse('points=drops,file=x.pcap'), ['drops', BOTH, 'pcapng', true]);
  assert.equal(String(parse('points=all,file=-')[0]).split(' ').length, 51);
});

test('mistakes are said with what would be right', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['filter-dump,file=x,netdev=n0', /^filter-dump needs "id"$/],
    ['filter-dump,id=f,netdev=n0', /^filter-dump needs "file"$/],
    ['filter-dump,id=f,file=x', /^filter-dump needs a point: netdev=ID, function=/],
    ['filter-dump,id=f,file=x,function=vf8', /^filter-dump function=vf8 must be pf or vf0 to vf7, of port 1/],
    ['filter-dump,id=f,file=x,pool=8', /must be a pool from 0 to 7, of port 1/],
    ['filter-dump,id=f,file=x,queue=rx16', /^filter-dump queue=rx16 must be all, rx or tx for a direction, or a queue/],
    ['filter-dump,id=f,file=x,points=al', /^filter-dump points=al must be all or drops/],
    ['filter-dump,id=f,file=x,points=all,function=pf', /points=all has every point already/],
    ['filter-dump,id=f,file=x,points=all,format=pcap', /^filter-dump format=pcap cannot tell several points/],
    ['filter-dump,id=f,file=x,netdev=n0,netdev=n1', /^filter-dump netdev is given twice$/],
    ['filter-dump,id=f,file=x,netdev=n0,functin=pf', /^filter-dump has no "functin"; did you mean "function"\?$/],
    ['filter-dump,id=f,file=x,netdev=n0,function=pf,queue=rx', /says nothing clear of a netdev/],
    ['filter-dump,id=f,file=x,netdev=n0,maxlen=0', /maxlen=0 must be from 1 to 65536/],
    ['filter-dump,id=f,file=x,netdev=n0,status=maybe', /status=maybe must be on or off/],
    ['filter-mirror,id=f', /^object "filter-mirror" is not known; the only one is filter-dump$/],
  ];
  for (const [text, message] of cases) assert.throws(() => parseFilterDump(text), { code: 'CONFIG', message }, text);
});

test('on a NIC of two ports: the wire is that of its netdev, points= means both, names begin with pf1', () => {
  const own = ['n0', 'n1'];
  const placed = (options: string, netdevs: readonly (string | undefined)[] = own): string => {
    const { points } = placeFilterDump(parseFilterDump(`filter-dump,id=f0,file=x,${options}`), netdevs);
    return points.map((point) => pointNames[point]!.name).join(' ');
  };
  assert.equal(placed('netdev=n0'), 'wire');
  assert.equal(placed('netdev=n1,function=vf1'), 'pf1wire vf1');
  assert.equal(placed('function=pf1vf3,pool=pf1pool2,queue=pf1tx4'), 'pf1vf3 pf1pool2 pf1tx4');
  assert.equal(placed('function=pf1'), 'pf1');
  assert.equal(placed('points=drops'), 'drops pf1drops');
  assert.equal(placed('points=all').split(' ').length, 102);
  assert.equal(placed('points=all', ['n0']).split(' ').length, 51);
  assert.throws(() => placed('function=pf1', ['n0']), /filter-dump pf1: the NIC has one port/);
  assert.throws(() => placed('netdev=n2'), /netdev=n2: a capture is of the NIC's own netdevs, "n0" and "n1"$/);
  assert.throws(() => placed('netdev=n2', ['n0']), /a capture is of the NIC's own netdev, "n0"$/);
  assert.throws(() => placed('netdev=n2', [undefined]), /the NIC has no netdev to capture$/);
});
