/** Whether tasks could run in the network of the account: routes, two zones, a way out. */
import { chooseNetwork, type Place } from '../choose-network.ts';
import { readNetwork } from '../network.ts';
import type { Session } from '../session.ts';
import { bad, type Finding, guarded, passed } from './finding.ts';

/** A task needs an address; below this many there may be none for the next one. */
const FEW_ADDRESSES = 8;

/** The same choice that a deployment makes that asks nothing. */
export function checkNetwork(session: Session, place?: Place): Promise<Finding[]> {
  const { values, aws, dialogue } = session;
  return guarded('network', async () => {
    const silent = { ...dialogue, interactive: false, say: () => undefined };
    const named = {
      vpcId: values['vpc-id'],
      subnetId1: values['subnet-id-1'],
      subnetId2: values['subnet-id-2'],
    };
    const { vpcId, subnets } = place ?? (await chooseNetwork(await readNetwork(aws), named, silent));
    const what = subnets.map(({ subnetId, zone, route }) => `${subnetId} (${zone}, by ${route})`).join(', ');
    const full = subnets.filter(({ freeAddresses }) => freeAddresses < FEW_ADDRESSES);
    if (full.length > 0) {
      const evidence = `${full.map(({ subnetId }) => subnetId).join(', ')}: hardly an address is free`;
      return [bad('warning', 'network', 'subnet_wrong', evidence, 'Name subnets with more free addresses.')];
    }
    return [passed('network', `${vpcId}: ${what}`)];
  });
}
