import { builder } from '../../graphql/builder.ts';
import { Problem } from '../../graphql/problem.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { refuseUnstorable } from '../../lib/storable.ts';
import { ReportCategoryType } from '../schema-vocabulary.ts';
import { ReportSettingsConflictError, readSettings, saveSettings } from './change-settings.ts';

const SettingsType = builder.prismaObject('ReportSettings', {
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'Raised by every change; 0 before the first.' }),
    filteredCategories: t.expose('filteredCategories', {
      type: [ReportCategoryType],
      description: 'Reports of these categories are filtered.',
    }),
    filteredReleases: t.exposeStringList('filteredReleases'),
    filteredMessages: t.exposeStringList('filteredMessages'),
    filtersForeignScripts: t.exposeBoolean('filtersForeignScripts'),
    groupingRules: t.exposeString('groupingRules'),
  }),
});

builder.objectType(ReportSettingsConflictError, {
  name: 'ReportSettingsConflict',
  description: 'Somebody changed the settings first.',
  interfaces: [Problem],
  fields: (t) => ({
    current: t.expose('current', {
      type: SettingsType,
      description: 'The settings as they are now.',
    }),
  }),
});

const SaveReportSettingsInput = builder.inputType('SaveReportSettingsInput', {
  description: 'How the project takes and groups reports from now on, as a whole.',
  fields: (t) => ({
    expectedVersion: t.int({ required: true, description: 'Version the client last saw.' }),
    filteredCategories: t.field({
      type: [ReportCategoryType],
      required: true,
      description: 'Reports of these categories are filtered.',
    }),
    filteredReleases: t.stringList({
      required: true,
      description: 'Reports of these releases are filtered; `*` stands for any characters.',
    }),
    filteredMessages: t.stringList({
      required: true,
      description: 'Reports with such messages are filtered; `*` stands for any characters.',
    }),
    filtersForeignScripts: t.boolean({
      required: true,
      description: 'Whether what browser extensions of visitors throw is filtered.',
    }),
    groupingRules: t.string({
      required: true,
      description:
        'One rule a line: `matcher… -> action`, `#` begins a comment. Matchers are `type:`, `message:`, `function:`, `file:`, `category:` and `service:` with a pattern in which `*` stands for any characters, in double quotes where it holds spaces; `!` turns one round. Actions are `fingerprint PART…` (with `{{ default }}`, `{{ type }}`, `{{ message }}`, `{{ function }}`, `{{ file }}`, `{{ category }}`), `in-app`, `not-in-app` and `wrapper`. At most 200 rules.',
    }),
  }),
});

builder.queryField('reportSettings', (fields) =>
  fields.withAuth({ scope: 'READ' }).field({
    type: SettingsType,
    description: 'How the project takes and groups reports.',
    resolve: (_root, _args, { app, viewer }) => readSettings(app, viewer.projectId),
  }),
);

builder.mutationField('saveReportSettings', (fields) =>
  fields.withAuth({ scope: 'ADMIN' }).field({
    type: SettingsType,
    description:
      'Replaces the settings. Later reports follow them within five seconds; earlier ones stay as they are.',
    args: {
      input: fields.arg({
        type: SaveReportSettingsInput,
        required: true,
        description: 'All of them.',
      }),
    },
    errors: { types: [InvalidInputError, ReportSettingsConflictError] },
    resolve: (_root, { input: { expectedVersion, ...settings } }, { app, viewer }) => {
      refuseUnstorable(settings, 'input');
      return saveSettings(app, viewer.projectId, { expectedVersion, settings });
    },
  }),
);
