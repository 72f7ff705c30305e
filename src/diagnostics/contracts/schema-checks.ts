import { contractLimits } from '../../contract/contracts.ts';
import { reportLimits } from '../../contract/report.ts';
import { text } from '../../contract/text.ts';
import { builder } from '../../graphql/builder.ts';
import { parseInput } from '../../graphql/input.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { type CheckReceipt, reportContractChecks } from './checks.ts';
import { ContractViolationKind } from './schema.ts';

const ClientId = text(200)
  .min(1)
  .nullish()
  .transform((value) => value ?? null);

const DeviationInput = builder.inputType('DeviationInput', {
  description:
    'A place where a value does not fit its JSON Schema. Types only, never a value: any other word becomes `other`.',
  fields: (t) => ({
    pointer: t.string({
      required: true,
      description: 'JSON pointer with `*` for the items of lists; empty for the whole.',
    }),
    keyword: t.string({
      required: true,
      description: 'Keyword of JSON Schema that does not hold.',
    }),
    expected: t.string({ required: true, description: 'Type that was expected.' }),
    actual: t.string({ required: true, description: 'Type that came.' }),
  }),
});

const ViolationInput = builder.inputType('ContractViolationInput', {
  description: 'One call that broke its contract.',
  fields: (t) => ({
    occurredAt: t.field({
      type: 'DateTime',
      required: true,
      description: 'When, by the client’s clock.',
    }),
    kind: t.field({ type: ContractViolationKind, required: true, description: 'How.' }),
    deviations: t.field({
      type: [DeviationInput],
      description: `Where it does not fit; at most ${reportLimits.deviations}.`,
    }),
    isLate: t.boolean({ description: 'Of a timeout: an answer followed after all.' }),
    correlationId: t.string({ description: 'W3C trace id of the call.' }),
  }),
});

const ShapeSampleInput = builder.inputType('ShapeSampleInput', {
  description: 'Types that answers had, by place; no value is in it.',
  fields: (t) => ({
    count: t.int({ required: true, description: 'Answers that were looked at.' }),
    shape: t.field({
      type: 'JSON',
      required: true,
      description: `By JSON pointer with \`*\` for the items of lists and \`:Type\` after a place where GraphQL names its type: how often each type was seen, for example { "/user/id": { "string": 20 } }. At most ${contractLimits.shapePlaces} places.`,
    }),
  }),
});

const ContractCheckInput = builder.inputType('ContractCheckInput', {
  description: 'What a client saw of one contract since it told last.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'New UUID; a repeat with it counts once.' }),
    contractHash: t.string({ required: true, description: 'The contract.' }),
    checked: t.int({ required: true, description: 'Calls that were checked, good and bad.' }),
    violations: t.field({
      type: [ViolationInput],
      description: `Those that broke it; at most ${contractLimits.violationsPerCheck}.`,
    }),
    samples: t.field({ type: ShapeSampleInput, description: 'How answers looked.' }),
  }),
});

const ReportContractChecksInput = builder.inputType('ReportContractChecksInput', {
  description: 'Checks of contracts.',
  fields: (t) => ({
    clientId: t.string({
      description:
        'Who checked, as it names itself, at most 200 characters; followers of the debug stream look for it. Absent: not told.',
    }),
    checks: t.field({
      type: [ContractCheckInput],
      required: true,
      description: `At most ${contractLimits.checksPerCall}.`,
    }),
  }),
});

const ContractCheckReceipt = builder.objectRef<CheckReceipt>('ContractCheckReceipt').implement({
  description: 'What became of checks.',
  fields: (t) => ({
    counted: t.exposeInt('counted', { description: 'Checks that count, now or since before.' }),
    unknown: t.exposeStringList('unknown', {
      description:
        'Hashes of contracts that were never registered: the client is of another version. Each became a report of VERSION_MISMATCH.',
    }),
  }),
});

builder.mutationField('reportContractChecks', (fields) =>
  fields.withAuth({ scope: 'REPORT' }).field({
    type: ContractCheckReceipt,
    description:
      'Tells how contracts were kept: checks, violations (each becomes a report), and types of answers, by which drift is found.',
    args: {
      input: fields.arg({
        type: ReportContractChecksInput,
        required: true,
        description: 'The checks.',
      }),
    },
    errors: { types: [InvalidInputError] },
    resolve: (_root, { input }, { app, viewer }) =>
      reportContractChecks(
        app,
        { projectId: viewer.projectId, keyId: viewer.kind === 'KEY' ? viewer.id : null },
        input.checks.map(asWire),
        parseInput(ClientId, input.clientId, 'input.clientId'),
      ),
  }),
);

/** Instants are text on the wire. */
function asWire({ violations, ...check }: typeof ContractCheckInput.$inferInput) {
  return {
    ...check,
    violations: violations?.map(({ occurredAt, ...violation }) => ({
      ...violation,
      occurredAt: occurredAt.toISOString(),
      deviations: violation.deviations ?? [],
      isLate: violation.isLate ?? false,
    })),
  };
}
