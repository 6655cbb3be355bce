import { BlockList, isIP } from 'node:net'

/** Where clouds keep the credentials of a machine: no gateway of FOLIO is ever there. */
const linkLocal = new BlockList()
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4')
linkLocal.addSubnet('fe80::', 10, 'ipv6')
// IPv4 in IPv6's clothes; `::ffff:169.254.0.0/112` a block list knows by itself.
linkLocal.addSubnet('::169.254.0.0', 112, 'ipv6')
linkLocal.addSubnet('64:ff9b::169.254.0.0', 112, 'ipv6')
linkLocal.addSubnet('2002:a9fe::', 32, 'ipv6')
// The same service of AWS for machines without IPv4.
linkLocal.addAddress('fd00:ec2::254', 'ipv6')

/** @param host an address, in brackets or not, or a name, which is never link-local by itself */
export function isLinkLocal(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  const family = isIP(address)
  return family !== 0 && linkLocal.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
