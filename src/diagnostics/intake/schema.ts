import { type ReportOutcome, reportLimits } from '../../contract/report.ts';
import { builder } from '../../graphql/builder.ts';
import { describe } from '../../graphql/describe.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { isStorableInstant } from '../../lib/storable.ts';
import { ClientReportInput, ReportInput } from './schema-report-input.ts';
import { type InvalidReport, type ReportReceipt, takeReports } from './take.ts';

const outcomes: Record<ReportOutcome, string> = {
  ACCEPTED: 'It is stored and counted.',
  DUPLICATE: 'Its id was stored before.',
  FILTERED: 'The project does not want to hear of such.',
  RATE_LIMITED: 'It came too fast: keep it and send it again later.',
  INVALID: 'It does not fit, and will not when it is sent again.',
  DISCARDED: 'Its reporter dropped it, by its own account.',
};

export const ReportOutcomeType = builder.enumType('ReportOutcome', {
  description: 'What became of a report.',
  values: describe(outcomes),
});

const InvalidReportType = builder.objectRef<InvalidReport>('InvalidReport').implement({
  description: 'A report that does not fit; the others of the call were taken.',
  fields: (t) => ({
    index: t.exposeInt('index', { description: 'Its place in the call, from 0.' }),
    id: t.exposeID('id', {
      nullable: true,
      description: 'Its id. `null` when it has none that is a UUID.',
    }),
    field: t.exposeString('field', { description: 'Path of the value in the report.' }),
    message: t.exposeString('message', { description: 'What was expected and what came.' }),
  }),
});

const ReceiptType = builder.objectRef<ReportReceipt>('ReportReceipt').implement({
  description: 'What became of the reports, after they were committed.',
  fields: (t) => ({
    accepted: t.exposeInt('accepted', { description: 'Stored; counted within a second.' }),
    duplicate: t.exposeInt('duplicate', { description: 'Stored before under the same id.' }),
    filtered: t.exposeInt('filtered', { description: 'Not wanted by the project.' }),
    rateLimited: t.exposeInt('rateLimited', {
      description: 'Came too fast. Keep these and send them again after `retryAfterSeconds`.',
    }),
    retryAfterSeconds: t.exposeInt('retryAfterSeconds', {
      nullable: true,
      description: 'How long to wait. `null` when nothing was rate-limited.',
    }),
    invalid: t.expose('invalid', {
      type: [InvalidReportType],
      description: 'What does not fit. Sending it again does not help.',
    }),
    outcomes: t.expose('outcomes', {
      type: [ReportOutcomeType],
      description: 'What became of each report, in the order of the call.',
    }),
    clientReports: t.exposeInt('clientReports', {
      description: 'Accounts that were taken, repeats among them.',
    }),
  }),
});

const ReportErrorsInput = builder.inputType('ReportErrorsInput', {
  description: 'Reports, in any order, as often as needed.',
  fields: (t) => ({
    reports: t.field({
      type: [ReportInput],
      required: true,
      description: `At most ${reportLimits.reportsPerCall}.`,
    }),
    clientReports: t.field({
      type: [ClientReportInput],
      description: `Accounts of what was not sent, at most ${reportLimits.clientReportsPerCall}. Taken also where reports are refused.`,
    }),
    sentAt: t.field({
      type: 'DateTime',
      description:
        'The reporter’s clock at the transmission: the server corrects `occurredAt` by it. Absent: nothing is corrected.',
    }),
  }),
});

builder.mutationField('reportErrors', (fields) =>
  fields.withAuth({ anyScope: ['REPORT', 'ADMIN'] }).field({
    type: ReceiptType,
    description:
      'Takes reports of errors, each by itself, and answers when they are stored. Equal reports become one issue; counts, states and alerts follow a moment later.',
    complexity: 1,
    args: {
      input: fields.arg({ type: ReportErrorsInput, required: true, description: 'The reports.' }),
    },
    resolve: (_root, { input }, { app, viewer }) => {
      if (input.sentAt && !isStorableInstant(input.sentAt))
        throw new InvalidInputError(
          'input.sentAt',
          'Expected an instant of the years 1 to 9999 for input.sentAt.',
        );
      if ((input.clientReports?.length ?? 0) > reportLimits.clientReportsPerCall)
        throw new InvalidInputError(
          'input.clientReports',
          `Expected at most ${reportLimits.clientReportsPerCall} accounts, got ${input.clientReports?.length}.`,
        );
      return takeReports(
        app,
        { projectId: viewer.projectId, keyId: viewer.id },
        {
          reports: input.reports,
          clientReports: input.clientReports ?? [],
          sentAt: input.sentAt ?? null,
          receivedAt: new Date(),
        },
      );
    },
  }),
);
