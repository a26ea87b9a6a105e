import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPublic } from '../../../stages/sources/fetch/address.ts';

test('addresses of the public internet are public', () => {
  for (const address of ['8.8.8.8', '93.184.216.34', '2606:4700::1111', '::ffff:8.8.8.8']) {
    assert.equal(isPublic(address), true, address);
  }
});

test('addresses of this machine, a private network, a link or a cloud are not, however they are written', () => {
  const addresses = `127.0.0.1 127.255.0.1 0.0.0.0 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.100.100.200 192.0.0.192
    198.18.0.1 224.0.0.1 255.255.255.255 ::1 :: fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 fec0::1 ff02::1 ::ffff:127.0.0.1
    ::ffff:a9fe:a9fe ::7f00:1 64:ff9b::7f00:1 2002:7f00:1:: 2001:0:1:: 2001:db8::1 nonsense`;
  for (const address of addresses.split(/\s+/)) assert.equal(isPublic(address), false, address);
});
