/** Where a request comes from, as far as limits tell callers apart. */
import { isIPv6 } from 'node:net';

/** Whoever has one IPv6 address has the 2^64 of its network, so those count as one; IPv4 as it is. */
export function networkOf(ip: string): string {
  if (!ip.includes(':')) return ip;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  if (mapped) return mapped[1];
  if (!isIPv6(ip)) return ip;
  const [head, tail] = ip.split('%')[0].split('::');
  const groups = (text = ''): string[] => (text === '' ? [] : text.split(':'));
  const front = groups(head);
  const back = groups(tail);
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  const network = [...front, ...zeros, ...back]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
