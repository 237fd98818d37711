/** The shape of a stack document, checked before anything of it is stored. */
import { z } from 'zod';
import { AwsError, type StackDocument } from '../contract.ts';
import { type PolicyKind, readPolicy } from '../iam/policy.ts';
import { checkDefinition } from '../states/check.ts';

export const accountIdSchema = z.string().regex(/^\d{12}$/, 'an account id has 12 digits');
const regionSchema = z.string().regex(/^[a-z]{2}(-[a-z]+){1,3}-\d$/, 'a region looks like us-east-1');
const roleName = z.string().regex(/^[\w+=,.@-]{1,64}$/);
export const bucketName = z
  .string()
  .regex(/^(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'not a bucket name');
const resourceName = z.string().regex(/^[\w-]{1,80}$/);
/** Of functions and versions, as AWS limits it. */
const description = z.string().max(256);
const inProject = z
  .string()
  .max(200)
  .refine((path) => !path.startsWith('/') && !path.split(/[/\\]/).includes('..'), 'must lie in the project');
const environment = z
  .record(z.string().regex(/^[A-Za-z_]\w{0,127}$/), z.string().max(8_192))
  .refine((variables) => JSON.stringify(variables).length <= 65_536, 'too long');

const policy = (kind: PolicyKind) =>
  z.unknown().transform((input, context) => {
    try {
      readPolicy(input, kind);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
    return input;
  });

const origins = z.array(z.string().max(300)).max(100);
const corsRule = z.strictObject({
  AllowedOrigins: origins,
  AllowedMethods: z.array(z.enum(['GET', 'PUT', 'POST', 'DELETE', 'HEAD'])).min(1),
  AllowedHeaders: origins.optional(),
  ExposeHeaders: origins.optional(),
  MaxAgeSeconds: z.number().int().min(0).optional(),
});

const stack = z.strictObject({
  stackName: z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/),
  accountId: accountIdSchema,
  region: regionSchema,
  roles: z
    .array(
      z.strictObject({
        name: roleName,
        trust: policy('trust'),
        policies: z.array(policy('identity')).max(20),
        maxSessionSeconds: z.number().int().min(3_600).max(43_200).optional(),
      }),
    )
    .max(100),
  buckets: z
    .array(
      z.strictObject({
        name: bucketName,
        cors: z.array(corsRule).max(100).optional(),
        publicAccessBlocked: z.boolean().optional(),
        tlsOnly: z.boolean().optional(),
        kmsKeyArn: z.string().optional(),
      }),
    )
    .max(100),
  functions: z
    .array(
      z.strictObject({
        name: resourceName,
        roleName,
        handler: inProject.regex(/^[^#]+#\w+$/, 'must be MODULE#EXPORT'),
        timeoutSeconds: z.number().int().min(1).max(900),
        memoryMb: z.number().int().min(128).max(10_240),
        environment,
        description: description.optional(),
        versionDescription: description.optional(),
      }),
    )
    .max(100),
  clusters: z.array(resourceName).max(20),
  taskDefinitions: z
    .array(
      z.strictObject({
        family: resourceName,
        containerName: resourceName,
        taskRoleName: roleName,
        command: inProject.min(1),
        cpu: z.number().int().min(1).max(16_384),
        memoryMb: z.number().int().min(1).max(122_880),
        environment,
        stopTimeoutSeconds: z.number().int().min(1).max(120).optional(),
      }),
    )
    .max(100),
  stateMachines: z
    .array(
      z.strictObject({
        name: resourceName,
        roleName,
        definition: z.string(),
        tags: z.record(z.string().max(128), z.string().max(256)).optional(),
      }),
    )
    .max(100),
  tables: z.array(z.looseObject({ TableName: z.string().regex(/^[\w.-]{3,255}$/) })).max(100),
});

/** Throws ValidationError that names every field which is wrong, or InvalidDefinition. */
export function readStack(input: unknown): StackDocument {
  const parsed = stack.safeParse(input);
  if (!parsed.success) {
    throw new AwsError('ValidationError', `The stack is refused: ${z.prettifyError(parsed.error)}`);
  }
  for (const { definition } of parsed.data.stateMachines) checkDefinition(definition);
  return parsed.data as StackDocument;
}
