/** The only hosts that a signed identity is sent to: the regional endpoints of STS, by partition. */
import { isRegion } from '../../schemas/regions.ts';

/** `https://sts.REGION.SUFFIX/`, or undefined for a region that the partition does not have. */
export function stsUrl(partition: string, region: string): string | undefined {
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return isRegion(partition, region) ? `https://sts.${region}.${suffix}/` : undefined;
}
