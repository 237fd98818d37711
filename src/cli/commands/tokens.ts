/** `cloudmr tokens`: personal access tokens for pipelines. */
import { type Command, Option } from 'commander';
import { dataOf } from '../../../client/index.js';
import { type Scope, scope } from '../../schemas/scopes.ts';
import type { Cli } from '../command.ts';
import { count } from '../numbers.ts';
import { table } from '../text.ts';

/** Adds the commands. */
export function tokenCommands(program: Command, cli: Cli): void {
  const tokens = program.command('tokens').description('personal access tokens for pipelines');

  tokens
    .command('list', { isDefault: true })
    .description('your tokens; the tokens themselves are shown only once')
    .action(async () => {
      const { client } = await cli.session();
      const { tokens: found } = await dataOf(client.GET('/api/profile/tokens'));
      cli.show(found, () =>
        found.length === 0
          ? 'No tokens.'
          : table(
              ['token', 'ends', 'last used', 'scopes', 'name'],
              found.map((token) => [
                `${token.tokenId} ...${token.hint}`,
                token.expiresAt.slice(0, 10),
                token.lastUsedAt?.slice(0, 10) ?? 'never',
                token.scopes.join(','),
                token.name,
              ]),
            ),
      );
    });

  tokens
    .command('create')
    .description('a new token; it is printed once')
    .argument('<name>', 'what it is for')
    .addOption(
      new Option('--scope <scopes...>', 'what it may be used for; write includes read')
        .choices(scope.options)
        .makeOptionMandatory(),
    )
    .option('--days <n>', 'how long it lives', count, 90)
    .addHelpText('after', '\nExample:\n  $ cloudmr tokens create pipeline --scope jobs:write data:write')
    .action(async (name: string, { scope: scopes, days }: { scope: Scope[]; days: number }) => {
      const { client } = await cli.session();
      const body = { name, scopes, expiresInDays: days };
      const made = await dataOf(client.POST('/api/profile/tokens', { body }));
      cli.show(
        made,
        () => `${made.token}\nIt is not shown again, and ends on ${made.expiresAt.slice(0, 10)}.`,
      );
    });

  tokens
    .command('revoke')
    .description('end a token at once')
    .argument('<token>', 'its id')
    .action(async (tokenId: string) => {
      const { client } = await cli.session();
      const path = { tokenId };
      const answer = await dataOf(client.DELETE('/api/profile/tokens/{tokenId}', { params: { path } }));
      cli.show(answer, () => `The token ${tokenId} is revoked.`);
    });
}
