import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetdevError } from './netdev-error.ts';
import { parseNetdev } from './parse.ts';

/** Examples as in QEMU's documentation of -netdev. */
const accepted: [string, object][] = [
  ['tap,id=n0,ifname=ob0,script=no,downscript=no', { type: 'tap', ifname: 'ob0' }],
  ['tap,id=n0,fd=17,vnet_hdr=off', { fd: 17, vnet_hdr: false }],
  ['type=tap,id=n0', { type: 'tap', ifname: undefined }],
  ['packet,id=n0,ifname=veth1,vnet_hdr=on', { type: 'packet', ifname: 'veth1', vnet_hdr: true }],
  [
    'stream,id=n1,server=on,addr.type=unix,addr.path=/tmp/a,,b',
    { type: 'stream', server: true, address: { type: 'unix', path: '/tmp/a,b' } },
  ],
  [
    'stream,id=n1,addr.type=inet,addr.host=::1,addr.port=1234,reconnect-ms=5000',
    { server: false, reconnectMs: 5000, address: { type: 'inet', host: '::1', port: 1234 } },
  ],
  ['stream,server,id=n1,addr.type=inet,addr.host=,addr.port=1', { server: true }],
  ['stream,id=n1,addr.type=inet,addr.host=h,addr.port=1,reconnect=2', { reconnectMs: 2000 }],
  ['stream,id=n1,addr.type=fd,addr.str=5', { address: { type: 'fd', fd: 5 } }],
  [
    'dgram,id=n2,local.type=unix,local.path=/a,remote.type=unix,remote.path=/b',
    { local: { type: 'unix', path: '/a' }, remote: { type: 'unix', path: '/b' } },
  ],
  [
    'dgram,id=n2,remote.type=inet,remote.host=230.0.0.1,remote.port=1234',
    { local: undefined, remote: { type: 'inet', host: '230.0.0.1', port: 1234 } },
  ],
  ['dgram,id=n2,local.type=fd,local.str=9', { local: { type: 'fd', fd: 9 }, remote: undefined }],
  ['socket,id=n3,listen=:1234', { type: 'stream', server: true, address: { type: 'inet', host: '', port: 1234 } }],
  ['socket,id=n3,connect=[::1]:99', { server: false, address: { type: 'inet', host: '::1', port: 99 } }],
  [
    'socket,id=n3,mcast=239.1.1.1:5,localaddr=10.0.0.1',
    {
      type: 'dgram',
      local: { type: 'inet', host: '10.0.0.1', port: 0 },
      remote: { type: 'inet', host: '239.1.1.1', port: 5 },
    },
  ],
  ['socket,id=n3,fd=4', { type: 'socket-fd', fd: 4 }],
  ['hubport,id=h0,hubid=3', { type: 'hubport', hubid: 3 }],
  ['passt,id=p0,mtu=1500,path=/opt/passt,quiet=off', { type: 'passt', mtu: 1500, path: '/opt/passt', quiet: false }],
];

for (const [text, expected] of accepted) {
  test(`understands ${text}`, () => {
    const options = parseNetdev(text) as unknown as Record<string, unknown>;
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(options[key], value, key);
  });
}

const refused: [string, NetdevError['code'], string, RegExp][] = [
  ['tpa,id=n0', 'NETDEV_TYPE', 'tpa', /did you mean "tap"/],
  ['user,id=n0', 'NETDEV_TYPE', 'user', /no netdev type "user"/],
  ['', 'NETDEV_TYPE', '', /no netdev type/],
  ['tap,id=n0,ifnam=ob0', 'NETDEV_KEY', 'ifnam', /did you mean "ifname"/],
  ['stream,id=n0,addr.prot=1', 'NETDEV_KEY', 'addr.prot', /did you mean "addr.port"/],
  ['tap,id=n0,vhost=on', 'NETDEV_KEY', 'vhost', /tap has no key "vhost"/],
  ['tap,id=n0,vnet_hdr=maybe', 'NETDEV_VALUE', 'vnet_hdr', /vnet_hdr is on or off, not "maybe"/],
  ['tap,id=n0,fd=x', 'NETDEV_VALUE', 'fd', /number/],
  ['tap,id=n0,ifname=a-name-that-is-long', 'NETDEV_VALUE', 'ifname', /15/],
  ['tap,id=n0,ifname=a,fd=3', 'NETDEV_VALUE', 'fd', /exclude/],
  ['tap,id=n0,id=n1', 'NETDEV_VALUE', 'id', /twice/],
  ['tap,id=n0,=3', 'NETDEV_VALUE', '', /key is missing/],
  ['tap,id=n0,script=/etc/qemu-ifup', 'NETDEV_VALUE', 'script', /only be "no"/],
  ['packet,id=n0', 'NETDEV_MISSING', 'ifname', /ifname= is missing/],
  ['stream,id=n0', 'NETDEV_MISSING', 'addr.type', /addr.type= is missing/],
  ['stream,id=n0,addr.path=/x', 'NETDEV_MISSING', 'addr.type', /addr.type/],
  ['stream,id=n0,addr.type=inet,addr.host=h', 'NETDEV_MISSING', 'addr.port', /addr.port/],
  ['stream,id=n0,addr.type=inet,addr.host=h,addr.port=65536', 'NETDEV_VALUE', 'addr.port', /65535/],
  ['stream,id=n0,server=on,addr.type=unix,addr.path=/x,reconnect-ms=1', 'NETDEV_VALUE', 'reconnect-ms', /client/],
  ['dgram,id=n0,local.type=unix,local.path=/x', 'NETDEV_MISSING', 'remote.type', /remote.type/],
  [
    'dgram,id=n0,local.type=unix,local.path=/x,remote.type=inet,remote.host=1.2.3.4,remote.port=1',
    'NETDEV_VALUE',
    'remote.type',
    /local.type is unix/,
  ],
  ['socket,id=n0', 'NETDEV_VALUE', 'socket', /exactly one/],
  ['socket,id=n0,listen=:1,connect=a:1', 'NETDEV_VALUE', 'socket', /exactly one/],
  ['socket,id=n0,udp=1.2.3.4:5', 'NETDEV_MISSING', 'localaddr', /localaddr/],
  ['socket,id=n0,connect=host', 'NETDEV_VALUE', 'connect', /HOST:PORT/],
  ['hubport,id=n0', 'NETDEV_MISSING', 'hubid', /hubid/],
];

for (const [text, code, key, message] of refused) {
  test(`refuses "${text}"`, () => {
    assert.throws(
      () => parseNetdev(text),
      (error: unknown) => {
        assert.ok(error instanceof NetdevError);
        assert.deepEqual([error.code, error.key], [code, key]);
        assert.match(error.message, message);
        assert.equal(error.message.includes('\n'), false);
        return true;
      },
    );
  });
}
