/** The one function that the Mode 2 template brings inside itself: it serves both of its custom resources. */
import { customResource, type ResourceEvent } from './custom-resource.ts';
import { readFunctionEnvironment } from './environment.ts';
import { type RegistrationProperties, registration } from './registration.ts';
import { type WorkerImageProperties, workerImage } from './worker-image.ts';

export const handler = customResource((event) =>
  event.ResourceType === 'Custom::WorkerImage'
    ? workerImage(event as ResourceEvent<WorkerImageProperties>, readFunctionEnvironment())
    : registration(event as ResourceEvent<RegistrationProperties>, readFunctionEnvironment()),
);
