import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './config.ts';
import { NicError } from './errors.ts';
import { parseAttachment, parseCable, parseLinkPartner, parseVf } from './flags.ts';

const vf0 = { kind: 'vf', index: 0, path: 'vf0.sock' };
const vf1 = { kind: 'vf', index: 1, path: 'vf1.sock' };
const hierarchy = { kind: 'hierarchy', path: 'nic.sock' };

/** The message with which a configuration is refused. */
function refusal(input: unknown): string {
  try {
    parseConfig(input);
  } catch (error) {
    assert(error instanceof NicError);
    assert.equal(error.code, 'CONFIG');
    return error.message;
  }
  throw new Error('accepted');
}

test('the smallest configuration, with everything else as documented', () => {
  const config = parseConfig({ attach: [hierarchy] });
  assert.deepEqual(config.attach, [hierarchy]);
  assert.deepEqual(config.vfs, []);
  assert.equal(config.msix, true);
  assert.equal(config.mac, '52:54:00:82:57:60');
});

test('VFs may be attached with or without the PF, in any order', () => {
  assert.equal(parseConfig({ attach: [vf1, hierarchy, vf0] }).attach.length, 3);
  assert.equal(parseConfig({ attach: [vf0, vf1] }).attach.length, 2);
});

test('a function can be in one VM only, and a socket belongs to one', () => {
  const second = { kind: 'function', path: 'f.sock' };
  assert.match(refusal({ attach: [hierarchy, second] }), /^"attach" takes one attachment of the PF/);
  assert.match(refusal({ attach: [vf0, { ...vf1, index: 0 }] }), /^"attach" takes one attachment of each VF/);
  assert.match(refusal({ attach: [vf0, { ...vf1, path: 'vf0.sock' }] }), /^"attach" needs a socket of its own/);
  assert.match(refusal({ attach: [] }), /^"attach" needs at least one attachment/);
});

test('a wrong key names its path and the nearest right one', () => {
  assert.equal(refusal({ attach: [hierarchy], netdef: [] }), '"netdef" is not a setting; did you mean "netdev"?');
  assert.equal(
    refusal({ attach: [hierarchy, { ...vf0, indx: 1 }] }),
    '"attach[1].indx" is not a setting; did you mean "index"?',
  );
  assert.equal(
    refusal({ attach: [{ ...hierarchy, index: 1 }] }),
    '"attach[0].index" is not a setting of hierarchy, but of vf',
  );
  assert.equal(
    refusal({ attach: [vf0], vfs: [{ index: 0, spoofcheck: false }] }),
    '"vfs[0].spoofcheck" is not a setting; did you mean "spoofchk"?',
  );
});

test('a missing or wrong value names its path and what it must be', () => {
  assert.equal(refusal({ attach: [{ kind: 'vf', path: 'x' }] }), '"attach[0].index" is missing');
  assert.equal(
    refusal({ attach: [{ kind: 'pf', path: 'x' }] }),
    '"attach[0].kind" must be one of hierarchy, function, vf',
  );
  assert.equal(refusal({ attach: [{ path: 'x' }] }), '"attach[0].kind" is missing');
  assert.match(refusal({ attach: [{ ...vf0, index: 8 }] }), /^"attach\[0\].index" must be .* from 0 to 7$/);
  assert.match(refusal({ attach: [{ ...vf0, path: 'x'.repeat(108) }] }), /is longer than a unix socket path/);
  const vfs = (settings: object) => refusal({ attach: [vf0], vfs: [{ index: 0, ...settings }] });
  assert.match(vfs({ vlan: 4095 }), /^"vfs\[0\].vlan" must be a VLAN/);
  assert.match(vfs({ qos: 8 }), /^"vfs\[0\].qos" must be a priority/);
  assert.match(vfs({ max_tx_rate: 1001 }), /^"vfs\[0\].max_tx_rate" must be a rate/);
  assert.match(vfs({ max_tx_rate: 1.5 }), /^"vfs\[0\].max_tx_rate" must be a rate/);
  assert.match(vfs({ mac: '01:00:5e:00:00:01' }), /^"vfs\[0\].mac" must be a unicast address/);
  assert.equal(vfs({ state: 'up' }), '"vfs[0].state" must be one of auto, enable, disable');
});

test('VFs are set once each, with addresses of their own, and only while the PF is hosted', () => {
  const mac = '52:54:00:00:00:0a';
  assert.match(refusal({ attach: [vf0], vfs: [{ index: 1 }, { index: 1 }] }), /^"vfs" must not set a VF twice/);
  const twins = [
    { index: 0, mac },
    { index: 1, mac: mac.toUpperCase() },
  ];
  assert.match(refusal({ attach: [vf0], vfs: twins }), /^"vfs" must not give two VFs the same mac/);
  assert.match(
    refusal({ attach: [vf0, hierarchy], vfs: [{ index: 3 }] }),
    /^"vfs" is for a port whose PF is in no VM; attach\[1\] gives it to one: use ip link set DEV vf 3 … there$/,
  );
});

test('--attach and --vf in the words of ip link', () => {
  assert.deepEqual(parseAttachment('vf,index=1,path=vf1.sock'), vf1);
  const text = '3,mac=52:54:00:00:00:0a,vlan=5,qos=2,max_tx_rate=100,spoofchk=off,trust=on,state=enable';
  const settings = {
    index: 3,
    mac: '52:54:00:00:00:0a',
    vlan: 5,
    qos: 2,
    max_tx_rate: 100,
    spoofchk: false,
    trust: true,
    state: 'enable',
  };
  assert.deepEqual(parseVf(text), settings);
  assert.deepEqual(parseConfig({ attach: [vf0], vfs: [parseVf(text)] }).vfs, [{ port: 0, ...settings }]);
  const wrong = (call: () => unknown, message: RegExp) => assert.throws(call, { code: 'CONFIG', message });
  wrong(() => parseVf('0,trust=yes'), /trust must be on or off/);
  wrong(() => parseVf('0,trust'), /"trust" in --vf 0,trust is not of the form key=value/);
  wrong(() => parseVf('0,vlan=1,vlan=2'), /vlan is given twice/);
  assert.match(refusal({ attach: [vf0], vfs: [parseVf('x,vlan=1')] }), /^"vfs\[0\].index" must be/);
  assert.match(refusal({ attach: [vf0], vfs: [parseVf('0,vlan=-1')] }), /^"vfs\[0\].vlan" must be/);
});

test('--link-partner in the words of ethtool; a gigabit switch where nothing is said', () => {
  const partner = (text: string) =>
    parseConfig({ attach: [hierarchy], linkPartner: parseLinkPartner(text) }).linkPartner;
  const { linkPartner, media, nvm } = parseConfig({ attach: [hierarchy] });
  assert.deepEqual(linkPartner, { speed: 1000, duplex: 'full', autoneg: true, pause: 'symmetric' });
  assert.deepEqual([media, nvm], ['copper', undefined]);
  assert.deepEqual(partner('speed=100,duplex=half,autoneg=off,pause=none'), {
    speed: 100,
    duplex: 'half',
    autoneg: false,
    pause: 'none',
  });
  const wrong = (text: string) => refusal({ attach: [hierarchy], linkPartner: parseLinkPartner(text) });
  assert.equal(wrong('speed=2500'), '"linkPartner.speed" must be one of 10, 100, 1000');
  assert.equal(wrong('sped=100'), '"linkPartner.sped" is not a setting; did you mean "speed"?');
  assert.throws(() => parseLinkPartner('autoneg=yes'), { code: 'CONFIG', message: /autoneg must be on or off/ });
  assert.equal(refusal({ attach: [hierarchy], media: 'fibre' }), '"media" must be one of copper, sfp');
});

test('--cable: ten metres without fault where nothing is said', () => {
  const cable = (text: string) => parseConfig({ attach: [hierarchy], cable: parseCable(text) }).cable;
  assert.deepEqual(parseConfig({ attach: [hierarchy] }).cable, {
    ...{ length: 10, crossed: false, polarity: 'normal', pairs: 4 },
  });
  assert.deepEqual(cable('length=90,crossed=on,polarity=reversed,pairs=2'), {
    ...{ length: 90, crossed: true, polarity: 'reversed', pairs: 2 },
  });
  const wrong = (text: string) => refusal({ attach: [hierarchy], cable: parseCable(text) });
  assert.equal(wrong('length=200'), '"cable.length" must be a length in metres: a whole number from 0 to 120');
  assert.equal(wrong('pairs=3'), '"cable.pairs" must be one of 2, 4');
  assert.equal(wrong('lenght=3'), '"cable.lenght" is not a setting; did you mean "length"?');
});

test('wrong types of JSON, and slips of the finger, in words', () => {
  const attach = [{ kind: 'hierarchy', path: 'a' }];
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{}, /^"attach" needs at least one attachment, such as hierarchy,path=nic\.sock$/],
    [{ attach: 'hierarchy,path=a' }, /^"attach" must be a list$/],
    [{ attach: ['hierarchy,path=a'] }, /^"attach\[0\]" must be an object such as \{"kind": "hierarchy"/],
    [
      { attach: [{ kind: 'hierarchi', path: 'a' }] },
      /^"attach\[0\]\.kind" must be one of .*; did you mean "hierarchy"\?$/,
    ],
    [{ attach: [{ kind: 'hierarchy', pth: 'a' }] }, /^"attach\[0\]\.pth" is not a setting; did you mean "path"\?$/],
    [{ attch: attach }, /^"attch" is not a setting; did you mean "attach"\?$/],
    [{ attach, netdev: 'tap' }, /^"netdev" must be a list$/],
    [{ attach, netdev: [5] }, /^"netdev\[0\]" must be a text$/],
    [{ attach, msix: 'no' }, /^"msix" must be true or false$/],
    [{ attach, media: 'coper' }, /^"media" must be one of copper, sfp; did you mean "copper"\?$/],
    [{ attach, linkPartner: 5 }, /^"linkPartner" must be an object$/],
    [{ attach, 'trace-file': 'x' }, /^"trace-file" is not a setting; did you mean "traceFile"\?$/],
  ];
  for (const [input, expected] of cases) {
    assert.throws(
      () => parseConfig(input),
      (error) => error instanceof NicError && expected.test(error.message),
      JSON.stringify(input),
    );
  }
});

test('two ports: each PF by itself, or both behind one VMD', () => {
  const functions = [
    { kind: 'function', path: 'a' },
    { kind: 'function', port: 1, path: 'b' },
  ];
  assert.equal(parseConfig({ ports: 2, attach: functions }).ports, 2);
  assert.equal(parseConfig({ ports: 2, attach: [{ kind: 'hierarchy', path: 'a' }] }).ports, 2);
  assert.match(
    refusal({ attach: functions }),
    /^"attach\[1\]\.port" is 1, but the NIC has one port: set "ports" to 2$/,
  );
  assert.match(
    refusal({ ports: 2, attach: [functions[0], { kind: 'function', path: 'b' }] }),
    /it can be in one VM only/,
  );
  const both = [{ kind: 'hierarchy', path: 'h' }, functions[1]];
  assert.match(refusal({ ports: 2, attach: both }), /it can be in one VM only/);
  assert.match(refusal({ ports: 3, attach: functions }), /"ports" must be one of 1, 2/);
});

test('VFs of port 1 are attached and set by port and number', () => {
  const vf = { kind: 'vf', index: 0, path: 'a' };
  const ofPort1 = { kind: 'vf', port: 1, index: 0, path: 'b' };
  assert.equal(
    parseConfig({ ports: 2, attach: [vf, ofPort1], vfs: [{ index: 0 }, { port: 1, index: 0 }] }).vfs.length,
    2,
  );
  assert.match(refusal({ attach: [ofPort1] }), /^"attach\[0\]\.port" is 1, but the NIC has one port/);
  assert.match(refusal({ attach: [vf], vfs: [{ port: 1, index: 0 }] }), /^"vfs\[0\]\.port" is 1/);
  assert.match(
    refusal({ ports: 2, attach: [ofPort1, { ...ofPort1, path: 'c' }] }),
    /each VF: it can be in one VM only/,
  );
  const settings = { ports: 2, vfs: [{ port: 1, index: 0 }] };
  const pf = { kind: 'function', path: 'c' };
  assert.equal(parseConfig({ ...settings, attach: [pf, ofPort1] }).vfs.length, 1, "the other port's PF is in a VM");
  assert.match(refusal({ ...settings, attach: [ofPort1, { ...pf, port: 1 }] }), /PF is in no VM; attach\[1\] gives it/);
});
