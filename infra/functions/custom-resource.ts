/** Answers of a custom resource to CloudFormation: always one, and always under the same physical id. */

/** What CloudFormation sends. */
export interface ResourceEvent<Properties> {
  RequestType: 'Create' | 'Update' | 'Delete';
  ResourceType: string;
  ResponseURL: string;
  StackId: string;
  RequestId: string;
  LogicalResourceId: string;
  PhysicalResourceId?: string;
  ResourceProperties: Properties;
  OldResourceProperties?: Properties;
}

/** What `Fn::GetAtt` reads. */
export type Attributes = Record<string, string>;

const TRIES = 4;
/** CloudFormation takes 4 KiB in all. */
const MAX_REASON = 1_000;

/**
 * A Lambda handler around `work`. An error fails a creation or an update with its message; a deletion never
 * fails. The physical id never changes, so an update can never be taken for a replacement, whose deletion would
 * undo it.
 */
export function customResource(work: (event: ResourceEvent<unknown>) => Promise<Attributes>) {
  return async (event: ResourceEvent<unknown>): Promise<void> => {
    let Status = 'SUCCESS';
    let Reason = '';
    let Data: Attributes = {};
    try {
      Data = await work(event);
    } catch (error) {
      // The event is never logged: it holds the enrolment code.
      Reason = (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON);
      console.error(JSON.stringify({ request: event.RequestType, reason: Reason }));
      if (event.RequestType !== 'Delete') Status = 'FAILED';
    }
    const { StackId, RequestId, LogicalResourceId } = event;
    const PhysicalResourceId = event.PhysicalResourceId ?? LogicalResourceId;
    const answer = { Status, Reason, PhysicalResourceId, StackId, RequestId, LogicalResourceId, Data };
    await deliver(event.ResponseURL, JSON.stringify(answer));
  };
}

/** The address is presigned; a content type would spoil its signature. */
async function deliver(url: string, body: string): Promise<void> {
  for (let left = TRIES; left > 0; left--) {
    const headers = { 'content-type': '' };
    const signal = AbortSignal.timeout(10_000);
    const status = await fetch(url, { method: 'PUT', headers, body, signal }).then(
      (response) => response.status,
      (error: Error) => error.name,
    );
    if (status === 200) return;
    console.error(JSON.stringify({ message: 'CloudFormation did not take the answer', status }));
    await pause(1_000);
  }
  throw new Error('CloudFormation did not take the answer');
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
