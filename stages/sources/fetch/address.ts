import ipaddr from 'ipaddr.js';

/** IPv4 in IPv6 as it was written before ::ffff:0:0/96. */
const COMPATIBLE = ipaddr.IPv6.parse('::');

/**
 * Whether an address is one of the public internet: none of a private network, this machine, a link (and so none of the services
 * that tell a cloud's machines their secrets), nor one that stands for such an address in another notation.
 */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address); // IPv4-mapped IPv6 becomes IPv4
  if (parsed instanceof ipaddr.IPv6 && parsed.match(COMPATIBLE, 96)) return false;
  return parsed.range() === 'unicast';
}
