/** The VPCs and subnets of the account, with what decides whether a Fargate task can run in them. */
import type { Aws } from './aws-cli.ts';

export interface Subnet {
  readonly subnetId: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: string;
  readonly name: string;
  /** MapPublicIpOnLaunch. */
  readonly mapsPublicIp: boolean;
  /** Where the default route leads. */
  readonly route: 'internet' | 'nat' | 'none';
  /** Whether the network ACL passes HTTPS out and its answers in. */
  readonly aclPasses: boolean;
  readonly freeAddresses: number;
}

export interface Vpc {
  readonly vpcId: string;
  readonly isDefault: boolean;
  readonly cidr: string;
  readonly name: string;
}

export interface Network {
  readonly vpcs: readonly Vpc[];
  readonly subnets: readonly Subnet[];
}

interface Tagged {
  Tags?: { Key: string; Value: string }[];
}
interface RouteTable {
  VpcId: string;
  Associations?: { SubnetId?: string; Main?: boolean }[];
  Routes?: { DestinationCidrBlock?: string; GatewayId?: string; NatGatewayId?: string; State?: string }[];
}
interface Acl {
  Associations?: { SubnetId: string }[];
  Entries?: AclEntry[];
}
interface AclEntry {
  RuleNumber: number;
  Egress: boolean;
  Protocol: string;
  RuleAction: 'allow' | 'deny';
  CidrBlock?: string;
  PortRange?: { From: number; To: number };
}
interface RawSubnet extends Tagged {
  SubnetId: string;
  VpcId: string;
  AvailabilityZone: string;
  CidrBlock?: string;
  MapPublicIpOnLaunch?: boolean;
  AvailableIpAddressCount?: number;
}

const TCP = '6';
const ALL = '-1';
const ANYWHERE = '0.0.0.0/0';
/** A port that answers come back to: Linux and Fargate use 32768 and above. */
const EPHEMERAL = 45_000;

/** Reads everything at once: five questions, whatever the number of subnets. */
export async function readNetwork(aws: Aws): Promise<Network> {
  const [vpcs, subnets, tables, acls] = await Promise.all([
    aws.call<{ Vpcs: (Tagged & { VpcId: string; IsDefault?: boolean; CidrBlock?: string })[] }>(
      'ec2',
      'describe-vpcs',
    ),
    aws.call<{ Subnets: RawSubnet[] }>('ec2', 'describe-subnets'),
    aws.call<{ RouteTables: RouteTable[] }>('ec2', 'describe-route-tables'),
    aws.call<{ NetworkAcls: Acl[] }>('ec2', 'describe-network-acls'),
  ]);
  return {
    vpcs: vpcs.Vpcs.map((vpc) => ({
      vpcId: vpc.VpcId,
      isDefault: vpc.IsDefault === true,
      cidr: vpc.CidrBlock ?? '',
      name: nameOf(vpc),
    })),
    subnets: subnets.Subnets.map((subnet) => ({
      subnetId: subnet.SubnetId,
      vpcId: subnet.VpcId,
      zone: subnet.AvailabilityZone,
      cidr: subnet.CidrBlock ?? '',
      name: nameOf(subnet),
      mapsPublicIp: subnet.MapPublicIpOnLaunch === true,
      route: routeOf(subnet, tables.RouteTables),
      aclPasses: passes(acls.NetworkAcls, subnet.SubnetId),
      freeAddresses: subnet.AvailableIpAddressCount ?? 0,
    })).sort((a, b) => a.zone.localeCompare(b.zone) || a.subnetId.localeCompare(b.subnetId)),
  };
}

/** In which a task with a public address reaches the internet. */
export const isPublic = (subnet: Subnet): boolean => subnet.route === 'internet';

/** Two subnets in different zones, if there are; those that give public addresses by themselves first. */
export function twoZones(subnets: readonly Subnet[]): readonly [Subnet, Subnet] | undefined {
  const best = [...subnets].sort((a, b) => Number(b.mapsPublicIp) - Number(a.mapsPublicIp));
  const first = best[0];
  const second = best.find(({ zone }) => zone !== first?.zone);
  return first && second ? [first, second] : undefined;
}

function nameOf({ Tags = [] }: Tagged): string {
  return Tags.find(({ Key }) => Key === 'Name')?.Value ?? '';
}

function routeOf({ SubnetId, VpcId }: RawSubnet, tables: RouteTable[]): Subnet['route'] {
  const own = tables.find(({ Associations = [] }) => Associations.some((each) => each.SubnetId === SubnetId));
  const main = tables.find(
    (table) => table.VpcId === VpcId && table.Associations?.some(({ Main }) => Main === true),
  );
  const out = (own ?? main)?.Routes?.find(
    ({ DestinationCidrBlock, State }) => DestinationCidrBlock === ANYWHERE && State !== 'blackhole',
  );
  if (out?.GatewayId?.startsWith('igw-')) return 'internet';
  return out?.NatGatewayId ? 'nat' : 'none';
}

function passes(acls: Acl[], subnetId: string): boolean {
  const acl = acls.find(({ Associations = [] }) => Associations.some((each) => each.SubnetId === subnetId));
  if (!acl) return true;
  const allowed = (egress: boolean, port: number): boolean => {
    const rules = (acl.Entries ?? []).filter(({ Egress }) => Egress === egress);
    const first = rules
      .filter((rule) => rule.CidrBlock === ANYWHERE && [TCP, ALL].includes(rule.Protocol))
      .filter(({ PortRange: ports }) => !ports || (ports.From <= port && port <= ports.To))
      .sort((a, b) => a.RuleNumber - b.RuleNumber)[0];
    return first?.RuleAction === 'allow';
  };
  return allowed(true, 443) && allowed(false, EPHEMERAL);
}
