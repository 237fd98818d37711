/** The apps, as scripts of older generations look them up before they register a unit. */
import { principalOf } from '../src/plugins/auth.ts';
import { type Api, answer } from '../src/plugins/zod.ts';
import { APP, cloudAppAnswer, cloudAppBody, cloudAppList } from '../src/schemas/http/cloud-apps.ts';
import { appOf } from '../src/schemas/http/common.ts';

const tags = ['Computing units'];

/** GET /api/cloudapp/list and POST /api/cloudapp/create. */
export function cloudAppRoutes() {
  return async (app: Api): Promise<void> => {
    app.get(
      '/cloudapp/list',
      {
        config: { access: 'user' },
        schema: {
          tags,
          operationId: 'listCloudApps',
          summary: 'The apps that units and jobs belong to',
          description: 'This broker has one app; scripts look its id up here.',
          response: { 200: answer('All of them', cloudAppList) },
        },
      },
      async (request) => {
        principalOf(request);
        return { apps: [APP], count: 1 };
      },
    );

    app.post(
      '/cloudapp/create',
      {
        config: { access: 'admin' },
        schema: {
          tags,
          operationId: 'createCloudApp',
          summary: 'The id of an app by its name',
          description:
            'An app needs not be created: it exists as soon as a computing unit is registered for it. Asking twice ' +
            'gives the same id.',
          body: cloudAppBody,
          response: { 200: answer('The id under which units register', cloudAppAnswer) },
        },
      },
      async (request) => {
        const { name, description, launchUrl } = request.body;
        const appId = appOf({ appName: name });
        return {
          success: true,
          appId,
          data: { app: { ...APP, appId, name, description, launchUrl } },
        } as const;
      },
    );
  };
}
