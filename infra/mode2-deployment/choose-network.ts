/** Which VPC and subnets the tasks get: what was named, else what a person chooses, else the best there is. */
import { failure } from './failure.ts';
import { type Dialogue, table } from './io.ts';
import { isPublic, type Network, type Subnet, twoZones, type Vpc } from './network.ts';

export interface Place {
  readonly vpcId: string;
  readonly subnets: readonly [Subnet, Subnet];
}

export interface Named {
  readonly vpcId?: string;
  readonly subnetId1?: string;
  readonly subnetId2?: string;
}

/**
 * @throws DeployFailure no_vpc, no_public_subnets, one_zone, subnet_wrong, no_egress, value_missing
 */
export async function chooseNetwork(network: Network, named: Named, dialogue: Dialogue): Promise<Place> {
  const vpc = await chooseVpc(network, named, dialogue);
  const inside = network.subnets.filter(({ vpcId }) => vpcId === vpc.vpcId);
  const subnets = await chooseSubnets(inside, vpc, named, dialogue);
  mustWork(subnets);
  return { vpcId: vpc.vpcId, subnets };
}

async function chooseVpc({ vpcs, subnets }: Network, named: Named, dialogue: Dialogue): Promise<Vpc> {
  const ofSubnet = subnets.find(({ subnetId }) => subnetId === named.subnetId1)?.vpcId;
  const wanted = named.vpcId ?? ofSubnet;
  if (wanted !== undefined) {
    const found = vpcs.find(({ vpcId }) => vpcId === wanted);
    if (found) return found;
    throw failure(
      'no_vpc',
      `there is no ${wanted} in this account and region`,
      'Check --vpc-id and --region.',
    );
  }
  if (vpcs.length === 0) throw failure('no_vpc', 'this account has none in this region');
  const preset = vpcs.find(({ isDefault }) => isDefault) ?? (vpcs.length === 1 ? vpcs[0] : undefined);
  if (!dialogue.interactive) {
    if (preset) return preset;
    throw failure('value_missing', `--vpc-id: there are ${vpcs.length} VPCs and none is the default`);
  }
  const what = preset?.isDefault ? 'default VPC' : 'VPC';
  if (preset && (await dialogue.confirm(`Use ${what} ${preset.vpcId} (${preset.cidr})?`))) return preset;
  for (const row of table(vpcs.map((vpc) => ['  ', vpc.vpcId, vpc.cidr, vpc.name]))) dialogue.say(row);
  for (;;) {
    const answer = await dialogue.ask('Enter VPC ID', preset?.vpcId);
    const found = vpcs.find(({ vpcId }) => vpcId === answer);
    if (found) return found;
    dialogue.say(`There is no ${answer} in the list above.`);
  }
}

async function chooseSubnets(
  inside: readonly Subnet[],
  vpc: Vpc,
  named: Named,
  dialogue: Dialogue,
): Promise<readonly [Subnet, Subnet]> {
  const { subnetId1, subnetId2 } = named;
  if (subnetId1 && subnetId2) return [subnetOf(inside, vpc, subnetId1), subnetOf(inside, vpc, subnetId2)];
  if (subnetId1 || subnetId2) {
    const first = subnetOf(inside, vpc, subnetId1 ?? subnetId2 ?? '');
    const second = inside.find((each) => each.zone !== first.zone && isPublic(each));
    if (!second) throw oneZone(vpc, [first]);
    return [first, second];
  }
  const open = inside.filter(isPublic);
  const pair = twoZones(open);
  if (pair) {
    dialogue.say(`Public subnets in two zones: ${pair.map(describe).join(', ')}`);
    return pair;
  }
  if (open.length > 0) throw oneZone(vpc, open);
  const list = inside.length > 0 ? ` Available subnets: ${inside.map(describe).join(', ')}` : '';
  if (!dialogue.interactive || !twoZones(inside.filter(({ route }) => route === 'nat'))) {
    throw failure('no_public_subnets', `in ${vpc.vpcId}.${list}`);
  }
  dialogue.say(`No public subnets found in ${vpc.vpcId}; private ones with a NAT gateway will do:`);
  for (const row of table(inside.map((each) => ['  ', each.subnetId, each.zone, each.cidr, each.route])))
    dialogue.say(row);
  const first = await dialogue.ask('First subnet');
  const second = await dialogue.ask('Second subnet');
  return [subnetOf(inside, vpc, first), subnetOf(inside, vpc, second)];
}

function subnetOf(inside: readonly Subnet[], { vpcId }: Vpc, id: string): Subnet {
  const found = inside.find(({ subnetId }) => subnetId === id);
  if (found) return found;
  throw failure('subnet_wrong', `there is no ${id || 'subnet without a name'} in ${vpcId}`);
}

/** @throws DeployFailure one_zone, no_egress */
function mustWork(subnets: readonly [Subnet, Subnet]): void {
  const [first, second] = subnets;
  if (first.subnetId === second.subnetId) throw failure('subnet_wrong', `${first.subnetId} is named twice`);
  if (first.zone === second.zone)
    throw failure('one_zone', `${first.subnetId} and ${second.subnetId} are both in ${first.zone}`);
  const closed = subnets.filter(({ route, aclPasses }) => route === 'none' || !aclPasses);
  if (closed.length > 0) throw failure('no_egress', closed.map(describe).join(', '));
}

function oneZone({ vpcId }: Vpc, open: readonly Subnet[]): Error {
  return failure(
    'one_zone',
    `${vpcId} has public subnets in ${open[0].zone} only: ${open.map(describe).join(', ')}`,
  );
}

const describe = ({ subnetId, zone }: Subnet): string => `${subnetId} (${zone})`;
