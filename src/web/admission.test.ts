import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalOf } from './admission.ts';
import { webAddress } from './web-address.ts';

const door = { token: '0123456789abcdef', cookie: 'outboard-8257' };
const cookie = `theme=x; outboard-8257=${door.token}`;

function status(method: string, headers: Record<string, string>, path = '/'): number | undefined {
  const url = new URL(path, 'http://localhost');
  return refusalOf({ method, url, headers: { host: '127.0.0.1:8257', ...headers } }, door)?.status;
}

test('who looks has the token: in the address, a cookie or a header', () => {
  assert.equal(status('GET', {}), 401);
  assert.equal(status('GET', {}, `/?token=${door.token}`), undefined);
  assert.equal(status('GET', { cookie }), undefined);
  assert.equal(status('GET', { authorization: `Bearer ${door.token}` }), undefined);
  assert.equal(status('GET', {}, '/?token=0123456789abcdee'), 401);
  assert.equal(status('GET', { cookie: `outboard-9000=${door.token}` }), 401, 'that of another NIC');
  assert.equal(status('GET', { cookie, authorization: 'Bearer x' }), 401);
});

test('names that are not of this machine are refused, whoever asks', () => {
  for (const host of ['localhost', 'localhost:9000', '[::1]:8257', '127.0.0.2:1'])
    assert.equal(status('GET', { cookie, host }), undefined, host);
  for (const host of [
    '',
    'example.com',
    'localhost.example.com',
    '127.0.0.1.example.com:8257',
    '10.0.0.1:8257',
    'x@localhost',
  ])
    assert.equal(status('GET', { cookie, host }), 421, host);
});

test('what changes something comes from the page itself, or with the token in a header', () => {
  const json = { 'content-type': 'application/json' };
  const origin = 'http://127.0.0.1:8257';
  assert.equal(status('POST', { ...json, cookie, origin }), undefined);
  assert.equal(status('POST', { ...json, authorization: `Bearer ${door.token}` }), undefined);
  assert.equal(status('POST', { ...json, cookie }), 403, 'no origin');
  for (const other of ['null', 'http://127.0.0.1:9000', 'http://localhost:8257', 'https://127.0.0.1:8257'])
    assert.equal(status('POST', { ...json, cookie, origin: other }), 403, other);
  assert.equal(status('POST', { ...json, origin }, `/?token=${door.token}`), 401, 'an address is no proof');
  assert.equal(status('POST', { 'content-type': 'text/plain', cookie, origin }), 415, 'what a form can send');
  assert.equal(status('PUT', { ...json, cookie, origin }), 405);
});

test('an address may be left out, or be a port', () => {
  assert.equal(webAddress(true), '127.0.0.1:8257');
  assert.equal(webAddress('9000'), '127.0.0.1:9000');
  assert.equal(webAddress(':0'), '127.0.0.1:0');
  assert.equal(webAddress('[::1]:80'), '[::1]:80');
});
