import { createHash } from 'node:crypto';
import packageJson from '../../package.json' with { type: 'json' };
import type { Dataset, DatasetMember } from '../generated/prisma/client.ts';
import type { Split } from '../generated/prisma/enums.ts';
import type { Proof } from './proof.ts';

/** What is in a frozen dataset and how it was made. Its members are told by `membersSha256`. */
export type Manifest = {
  format: 'codesight-dataset/1';
  id: string;
  name: string;
  version: number;
  description: string | null;
  licence: string | null;
  generator: { name: string; version: string };
  filter: unknown;
  splitting: unknown;
  /** Whether whole sites were divided, or sessions. */
  splitBy: 'SITE' | 'SESSION';
  splitReason: string;
  splits: Record<Split, { sessions: number; examples: number; sites: string[] }>;
  sessions: number;
  interactions: number;
  examples: number;
  /** Examples with a picture from before the action. */
  images: number;
  /** Examples that were left out since their line tells the answer or breaks a rule. */
  leftOut: number;
  operations: Record<string, number>;
  /** Sessions by licence; those without one under the empty name. */
  licences: Record<string, number>;
  /** Sessions by version of the consent; those without one under the empty name. */
  consents: Record<string, number>;
  /** Sessions that came back from deployed models; the others were recorded. */
  outcomes: number;
  /** SHA-256 over the lines `session split hash examples`, by session, in hexadecimal digits. */
  membersSha256: string;
  leaks: Proof['leaks'];
  rules: Proof['rules'];
  /** The version that this one takes the place of, because a session of it was erased. */
  supersedes: string | null;
};

const sitesListed = 1_000;

/** Writes the manifest of a dataset that is about to be frozen. Pure. */
export function makeManifest(
  dataset: Pick<
    Dataset,
    'id' | 'name' | 'version' | 'description' | 'licence' | 'filter' | 'splitting'
  >,
  members: readonly DatasetMember[],
  {
    proof: { operations, leaks, rules },
    ...more
  }: Pick<Manifest, 'splitBy' | 'splitReason' | 'supersedes' | 'images' | 'leftOut'> & {
    proof: Proof;
  },
): Manifest {
  const { id, name, version, description, licence, filter, splitting } = dataset;
  return {
    format: 'codesight-dataset/1',
    ...{ id, name, version, description, licence, filter, splitting },
    generator: { name: packageJson.name, version: packageJson.version },
    splits: {
      TRAIN: splitOf(members, 'TRAIN'),
      VALIDATION: splitOf(members, 'VALIDATION'),
      TEST: splitOf(members, 'TEST'),
    },
    sessions: members.length,
    interactions: sum(members, ({ interactions }) => interactions),
    examples: sum(members, ({ examples }) => examples),
    operations,
    licences: count(members, (member) => member.licence ?? ''),
    consents: count(members, (member) => member.consentVersion ?? ''),
    outcomes: members.filter(({ source }) => source === 'OUTCOME').length,
    membersSha256: hashMembers(members),
    leaks,
    rules,
    ...more,
  };
}

function hashMembers(members: readonly DatasetMember[]): string {
  const hash = createHash('sha256');
  for (const { sessionId, split, sha256, examples } of members)
    hash.update(`${sessionId} ${split} ${Buffer.from(sha256).toString('hex')} ${examples}\n`);
  return hash.digest('hex');
}

function splitOf(members: readonly DatasetMember[], split: Split) {
  const inside = members.filter((member) => member.split === split);
  const sites = new Set(inside.flatMap((member) => member.sites));
  return {
    sessions: inside.length,
    examples: sum(inside, ({ examples }) => examples),
    sites: [...sites].sort().slice(0, sitesListed),
  };
}

function sum<T>(items: readonly T[], numberOf: (item: T) => number): number {
  return items.reduce((total, item) => total + numberOf(item), 0);
}

function count<T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> {
  const groups = Map.groupBy(items, nameOf);
  return Object.fromEntries([...groups].map(([name, inside]) => [name, inside.length]));
}
