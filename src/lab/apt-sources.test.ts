import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debianUri, urisOfDeb822, urisOfList } from './apt-sources.ts';

// sources.list(5): deb822 stanzas are separated by blank lines, lines that start with # are comments, a value goes on
// in lines that start with white space, "Enabled: no" switches a stanza off.
test('deb822: every enabled stanza of binary packages gives its URIs', () => {
  const text = `Types: deb deb-src
# URIs: http://comment.invalid/debian
URIs: http://one.invalid/debian
 http://two.invalid/debian/
Suites: bookworm

Enabled: no
Types: deb
URIs: http://off.invalid/debian

Types: deb-src
URIs: http://source.invalid/debian

types: deb
uris: http://three.invalid/debian-security
`;
  assert.deepEqual(urisOfDeb822(text), [
    'http://one.invalid/debian',
    'http://two.invalid/debian/',
    'http://three.invalid/debian-security',
  ]);
});

test('one-line style: options in brackets are skipped, comments and deb-src lines give nothing', () => {
  const text = `# deb http://comment.invalid/debian bookworm main
deb http://plain.invalid/debian bookworm main
deb [ arch=amd64 signed-by=/usr/share/keyrings/x.gpg ] http://options.invalid/debian trixie main
deb-src http://source.invalid/debian bookworm main
`;
  assert.deepEqual(urisOfList(text), ['http://plain.invalid/debian', 'http://options.invalid/debian']);
});

test("the Debian mirror is the entry whose path ends in /debian, not its security archive or a vendor's", () => {
  assert.equal(
    debianUri(['http://a.invalid/debian-security', 'http://b.invalid/apt', 'http://c.invalid/mirrors/debian/']),
    'http://c.invalid/mirrors/debian',
  );
  assert.equal(debianUri(['http://a.invalid/ubuntu']), undefined);
});
