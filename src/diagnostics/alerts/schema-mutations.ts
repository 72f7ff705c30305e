import { IdTakenError } from '../../accounts/errors.ts';
import { projectOf } from '../../accounts/known.ts';
import { builder } from '../../graphql/builder.ts';
import { parseInput } from '../../graphql/input.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { ReportCategoryType, ReportSeverityType } from '../schema-vocabulary.ts';
import { deleteChannel, saveChannel, testChannel } from './channels.ts';
import { ChannelAddressRefusedError, ChannelNotFoundError } from './errors.ts';
import * as inputs from './inputs.ts';
import { deleteAlertRule, saveAlertRule } from './rules.ts';
import {
  AlertRuleType,
  AlertTriggerType,
  ChannelKindType,
  ChannelType,
  DeliveryType,
} from './schema-types.ts';

const SaveChannelInput = builder.inputType('SaveChannelInput', {
  description: 'A channel to make or to change.',
  fields: (t) => ({
    id: t.id({
      required: true,
      description: 'UUID of the channel: a new one makes a new channel.',
    }),
    kind: t.field({
      type: ChannelKindType,
      required: true,
      description: 'Who takes the messages. It stays what it was at first.',
    }),
    name: t.string({ required: true, description: 'What it is called, up to 100 characters.' }),
    url: t.string({
      description:
        'Where messages are posted, by HTTPS, at a public address; kept sealed, never shown. Absent: as it was.',
    }),
    secret: t.string({
      description:
        'Signs the messages of a WEBHOOK: `whsec_` and 24 to 64 bytes in base64; kept sealed, never shown. Absent: as it was.',
    }),
    isEnabled: t.boolean({ description: 'Whether anything is sent to it. Absent: yes.' }),
  }),
});

const AlertTagInput = builder.inputType('AlertTagInput', {
  description: 'A tag that a report must have.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Name of the tag.' }),
    value: t.string({ required: true, description: 'Its value, exact.' }),
  }),
});

const SaveAlertRuleInput = builder.inputType('SaveAlertRuleInput', {
  description: 'A rule to make or to change: when an alert is raised, of what, and who is told.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'UUID of the rule: a new one makes a new rule.' }),
    name: t.string({ required: true, description: 'What it is called, up to 100 characters.' }),
    trigger: t.field({
      type: AlertTriggerType,
      required: true,
      description: 'When it raises an alert.',
    }),
    threshold: t.float({
      description:
        'What must be passed, for COUNT_OVER, USERS_OVER, CHANGE_OVER, COST and QUALITY.',
    }),
    windowSeconds: t.int({
      description:
        'Length of the window, 60 to 604,800 seconds, for COUNT_OVER and CHANGE_OVER. It moves on by a sixtieth at a time.',
    }),
    sessions: t.int({
      description: 'Last sessions whose mean score counts, 1 to 1,000, for QUALITY.',
    }),
    minSeverity: t.field({
      type: ReportSeverityType,
      description: 'Only this severity and above. Absent: any.',
    }),
    categories: t.field({ type: [ReportCategoryType], description: 'Only these. Absent: any.' }),
    sources: t.stringList({
      description: 'Only these services, platforms or clients, exact. Absent: any.',
    }),
    tags: t.field({ type: [AlertTagInput], description: 'Only reports with all these tags.' }),
    minAgeSeconds: t.int({ description: 'Only what was seen first at least so long ago.' }),
    maxAgeSeconds: t.int({ description: 'Only what was seen first at most so long ago.' }),
    channelIds: t.idList({ description: 'Channels that are told. Absent: none.' }),
    intervalSeconds: t.int({
      description:
        'Shortest time between two alerts about the same thing: 300 to 2,592,000 seconds. Absent: 1,800.',
    }),
    isEnabled: t.boolean({ description: 'Whether it raises anything. Absent: yes.' }),
  }),
});

const deleteInput = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({ id: t.id({ required: true, description: 'Its id.' }) }),
  });

const TestChannelInput = builder.inputType('TestChannelInput', {
  description: 'A channel to try out.',
  fields: (t) => ({
    channelId: t.id({ required: true, description: 'The channel.' }),
    id: t.id({
      required: true,
      description: 'New UUID for the message; a repeat with it sends no second one.',
    }),
  }),
});

const Deleted = builder.objectRef<{ id: string }>('Deleted').implement({
  description: 'Something is not there any more.',
  fields: (t) => ({ id: t.exposeID('id', { description: 'What its id was.' }) }),
});

builder.mutationFields((fields) => {
  const t = fields.withAuth({ scope: 'ADMIN' });
  return {
    saveChannel: t.prismaField({
      type: ChannelType,
      description: 'Makes or changes a channel. A repeat changes nothing.',
      args: {
        input: t.arg({ type: SaveChannelInput, required: true, description: 'The channel.' }),
      },
      errors: { types: [InvalidInputError, IdTakenError, ChannelAddressRefusedError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const { isEnabled, ...rest } = input;
        const parsed = parseInput(
          inputs.SaveChannelInput,
          { ...rest, enabled: isEnabled },
          'input',
        );
        await saveChannel(app, { ...parsed, projectId: projectOf(viewer) });
        return app.db.channel.findUniqueOrThrow({ ...query, where: { id: parsed.id } });
      },
    }),
    deleteChannel: t.field({
      type: Deleted,
      description: 'Deletes a channel and its messages; rules go on without it.',
      args: {
        input: t.arg({
          type: deleteInput('DeleteChannelInput', 'A channel to delete.'),
          required: true,
          description: 'Which one.',
        }),
      },
      errors: { types: [InvalidInputError] },
      resolve: async (_root, { input }, { app, viewer }) => {
        const { id } = parseInput(inputs.DeleteInput, input, 'input');
        await deleteChannel(app, { projectId: projectOf(viewer), id });
        return { id };
      },
    }),
    testChannel: t.prismaField({
      type: DeliveryType,
      description:
        'Sends a test to a channel at once. The answer says what the channel said: `state` is SENT or DEAD.',
      args: { input: t.arg({ type: TestChannelInput, required: true, description: 'Which one.' }) },
      errors: { types: [InvalidInputError, IdTakenError, ChannelNotFoundError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const parsed = parseInput(inputs.TestChannelInput, input, 'input');
        await testChannel(app, { ...parsed, projectId: projectOf(viewer) });
        return app.db.delivery.findUniqueOrThrow({ ...query, where: { id: parsed.id } });
      },
    }),
    saveAlertRule: t.prismaField({
      type: AlertRuleType,
      description: 'Makes or changes an alert rule. A repeat changes nothing.',
      args: {
        input: t.arg({ type: SaveAlertRuleInput, required: true, description: 'The rule.' }),
      },
      errors: { types: [InvalidInputError, IdTakenError, ChannelNotFoundError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const { isEnabled, ...rest } = input;
        const parsed = parseInput(
          inputs.SaveAlertRuleInput,
          { ...rest, enabled: isEnabled },
          'input',
        );
        await saveAlertRule(app, { ...parsed, projectId: projectOf(viewer) });
        return app.db.alertRule.findUniqueOrThrow({ ...query, where: { id: parsed.id } });
      },
    }),
    deleteAlertRule: t.field({
      type: Deleted,
      description: 'Deletes an alert rule; its alerts stay.',
      args: {
        input: t.arg({
          type: deleteInput('DeleteAlertRuleInput', 'An alert rule to delete.'),
          required: true,
          description: 'Which one.',
        }),
      },
      errors: { types: [InvalidInputError] },
      resolve: async (_root, { input }, { app, viewer }) => {
        const { id } = parseInput(inputs.DeleteInput, input, 'input');
        await deleteAlertRule(app, { projectId: projectOf(viewer), id });
        return { id };
      },
    }),
  };
});
