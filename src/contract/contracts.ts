import * as z from 'zod';
import { contractViolations, Deviation, reportLimits } from './report.ts';
import { text } from './text.ts';

/** Limits of contracts. */
export const contractLimits = {
  /** Contracts in one `registerContracts`. */
  contractsPerCall: 100,
  /** A JSON Schema, in UTF-16 code units. */
  schemaChars: 131_072,
  /** A GraphQL document, in UTF-16 code units. */
  documentChars: 65_536,
  /** A GraphQL schema, in UTF-16 code units. */
  sdlChars: 2_000_000,
  /** Parameters in a plain list. */
  parameters: 200,
  /** Longest timeout, in milliseconds: an hour. */
  timeoutMs: 3_600_000,
  /** Contracts in one `reportContractChecks`. */
  checksPerCall: 100,
  /** Checks of one contract that one call tells of. */
  checksAtOnce: 1_000_000,
  /** Violations of one contract that one call tells of. */
  violationsPerCheck: 50,
  /** Places of one shape. */
  shapePlaces: 500,
} as const;

const name = text(200).min(1);
const jsonTypes = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'] as const;

/** A JSON Schema, as JSON; whether it is one is checked against its own schema. */
const schema = z
  .record(z.string(), z.unknown())
  .refine((value) => JSON.stringify(value).length <= contractLimits.schemaChars, {
    message: `expected at most ${contractLimits.schemaChars} characters of JSON`,
  })
  .refine((value) => !/\\u0000|\\ud[89a-f]/.test(JSON.stringify(value)), {
    message: 'expected text without NUL and half surrogate pairs',
  });

export const ContractDraft = z.object({
  service: name,
  operation: name,
  version: name,
  kind: z.enum(['GRAPHQL', 'HTTP', 'EVENT']),
  /** Of GRAPHQL: the document; its schemas are derived from the service's deployed schema. */
  document: text(contractLimits.documentChars).nullish(),
  /** Of the others: what it takes, as JSON Schema, or … */
  parameters: schema.nullish(),
  /** … as a plain list. */
  parameterList: z
    .array(
      z.object({
        name,
        type: z.enum(jsonTypes),
        isRequired: z.boolean(),
        values: z.array(text(200)).max(200).nullish(),
      }),
    )
    .max(contractLimits.parameters)
    .nullish(),
  /** Of the others: what it answers, as JSON Schema. */
  response: schema.nullish(),
  timeoutMs: z.int().min(1).max(contractLimits.timeoutMs).default(30_000),
});
export type ContractDraft = z.output<typeof ContractDraft>;

const TypeCounts = z.partialRecord(z.enum(jsonTypes), z.int().min(1).max(1_000_000));

/** What a client saw of one contract since it told last. */
export const ContractCheck = z.object({
  /** Made by the client, so that a repeat counts once. */
  id: z.uuid().toLowerCase(),
  contractHash: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits'),
  /** Calls that were checked, good and bad. */
  checked: z.int().min(1).max(contractLimits.checksAtOnce),
  violations: z
    .array(
      z.object({
        occurredAt: z.iso.datetime({ offset: true }),
        kind: z.enum(contractViolations),
        deviations: z.array(Deviation).max(reportLimits.deviations).default([]),
        isLate: z.boolean().default(false),
        correlationId: z
          .string()
          .regex(/^[0-9a-f]{32}$/, 'expected 32 lower-case hexadecimal digits')
          .nullish(),
      }),
    )
    .max(contractLimits.violationsPerCheck)
    .default([]),
  /** Types by place over some of the answers: see `shapeOf`. */
  samples: z
    .object({
      count: z.int().min(1).max(1_000_000),
      shape: z
        .record(text(1_024), TypeCounts)
        .refine((value) => Object.keys(value).length <= contractLimits.shapePlaces, {
          message: `expected at most ${contractLimits.shapePlaces} places`,
        }),
    })
    .nullish(),
});
export type ContractCheck = z.output<typeof ContractCheck>;
