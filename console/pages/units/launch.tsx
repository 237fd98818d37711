/** How the stack gets into the account: CloudFormation with everything filled in, or by hand. */
import type { Settings } from '../../lib/settings.ts';
import { Copyable } from '../../ui/parts.tsx';
import type { Challenge } from './connect.tsx';

export function LaunchLinks({
  about,
  challenge,
  stackName,
}: {
  about: Settings;
  challenge: Challenge;
  stackName: string;
}) {
  const values = {
    CloudMRApiUrl: about.apiUrl,
    CloudMRUserToken: challenge.enrolmentCode,
    ExternalId: challenge.externalId,
    BrokerRoleArn: challenge.brokerRoleArn,
    CorsOrigins: location.origin,
  };
  const console = `https://${about.region}.console.aws.amazon.com/cloudformation/home?region=${about.region}#/stacks`;
  const filled = new URLSearchParams({
    ...(about.templateUrl ? { templateURL: about.templateUrl } : {}),
    stackName,
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [`param_${name}`, value])),
  });
  return (
    <div class="stack-small">
      {about.templateUrl ? (
        <>
          <p>
            <a
              class="button primary"
              href={`${console}/quickcreate?${filled}`}
              target="_blank"
              rel="noreferrer"
            >
              Launch the stack in AWS
            </a>
          </p>
          <p class="soft small">
            The AWS console opens with all of this filled in. Choose a VPC and two subnets there, and accept
            that the stack makes roles.
          </p>
        </>
      ) : (
        <p>
          <a href="/console/template-mode2.yaml" download="template-mode2.yaml">
            Download the template
          </a>
          , then{' '}
          <a href={`${console}/create/template`} target="_blank" rel="noreferrer">
            create a stack
          </a>{' '}
          of it with these values. Choose a VPC and two subnets there.
        </p>
      )}
      <details>
        <summary>The values for a stack</summary>
        <Copyable
          label="values for the stack"
          text={Object.entries(values)
            .map(([name, value]) => `${name}=${value}`)
            .join('\n')}
        />
      </details>
    </div>
  );
}
