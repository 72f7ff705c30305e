import { hash } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  buildSchema,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  lexicographicSortSchema,
  type OperationDefinitionNode,
  parse,
  print,
  printSchema,
  validate,
} from 'graphql';
import type { ContractDraft } from '../../contract/contracts.ts';
import { canonicalJson } from '../../lib/canonical.ts';
import { coordinatesOf } from '../../lib/contracts/coordinates.ts';
import type { JsonSchema } from '../../lib/contracts/json-schema.ts';
import { dataSchemaOf } from '../../lib/contracts/operation-data.ts';
import { variablesSchemaOf } from '../../lib/contracts/operation-variables.ts';
import { schemaOfParameters } from '../../lib/contracts/parameters.ts';
import { InvalidInputError } from '../../lib/errors.ts';

/** The GraphQL schema of a service, as operations are derived from it. */
export type KnownSchema = { schema: GraphQLSchema; hash: string };

/** What is derived from a document, or given as it is. */
type Terms = {
  parameters: JsonSchema;
  response: JsonSchema;
  documentHash: string | null;
  schemaHash: string | null;
  coordinates: string[];
};

/** A contract with everything that its content says; `hash` is its identity. */
export type ContractContent = Terms & {
  hash: string;
  service: string;
  operation: string;
  version: string;
  kind: ContractDraft['kind'];
  timeoutMs: number;
};

const meta = new Ajv2020({ strict: false });

/**
 * The whole content of a contract. What is derived from a document depends on those parts of the schema
 * that it uses, so that a change elsewhere makes no new contract.
 *
 * @param known the service's schema, for GRAPHQL
 * @throws {InvalidInputError} naming what does not fit: a document that is not valid against the schema, a
 *   schema that is none
 */
export function describeContract(
  draft: ContractDraft,
  known: KnownSchema | null,
  path: string,
): ContractContent {
  const { service, operation, version, kind, timeoutMs } = draft;
  const terms =
    known && draft.document ? fromDocument(draft, known, path) : fromSchemas(draft, path);
  const { parameters, response, documentHash } = terms;
  const head = { service, operation, version, kind, timeoutMs };
  const identity = canonicalJson({ ...head, parameters, response, documentHash });
  return { hash: hash('sha256', identity), ...head, ...terms };
}

/**
 * Reads a schema in GraphQL's language; the order of its types and fields makes no difference.
 *
 * @throws {InvalidInputError}
 */
export function readSchema(sdl: string, path: string): KnownSchema & { sdl: string } {
  try {
    const schema = lexicographicSortSchema(buildSchema(sdl));
    const sorted = printSchema(schema);
    return { schema, sdl: sorted, hash: hash('sha256', sorted) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new InvalidInputError(path, `Expected a GraphQL schema for ${path}: ${error.message}`);
  }
}

function fromDocument(
  { document: source, operation: name }: ContractDraft,
  { schema, hash: schemaHash }: KnownSchema,
  path: string,
): Terms {
  const at = `${path}.document`;
  try {
    const document = parse(source ?? '', { noLocation: true });
    const [error] = validate(schema, document);
    if (error) throw error;
    const operation = document.definitions.find(
      (node): node is OperationDefinitionNode =>
        node.kind === Kind.OPERATION_DEFINITION && node.name?.value === name,
    );
    if (!operation)
      throw new InvalidInputError(at, `Expected an operation named ${name} in ${at}, found none.`);
    return {
      parameters: variablesSchemaOf(schema, operation),
      response: dataSchemaOf(schema, document, operation),
      documentHash: hash('sha256', print(document)), // white space and comments are gone
      schemaHash,
      coordinates: coordinatesOf(schema, document),
    };
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new InvalidInputError(at, `${at}: ${error.message}`);
  }
}

function fromSchemas(
  { kind, parameters, parameterList, response }: ContractDraft,
  path: string,
): Terms {
  if (kind === 'GRAPHQL')
    throw new InvalidInputError(
      `${path}.document`,
      `Expected a document for the GraphQL contract ${path}, got none.`,
    );
  return {
    parameters: parameterList
      ? schemaOfParameters(parameterList)
      : checked(parameters, `${path}.parameters`),
    response: checked(response, `${path}.response`),
    documentHash: null,
    schemaHash: null,
    coordinates: [],
  };
}

/** The schema is only read here, never compiled: it comes from strangers. */
function checked(schema: Record<string, unknown> | null | undefined, path: string): JsonSchema {
  if (!schema) return {};
  if (meta.validateSchema(schema) === true) return schema as JsonSchema;
  const [error] = meta.errors ?? [];
  throw new InvalidInputError(
    path,
    `Expected a JSON Schema 2020-12 for ${path}, got one that fails at ${error?.instancePath || 'its root'}: ${error?.message}.`,
  );
}
