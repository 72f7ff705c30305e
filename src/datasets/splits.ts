import { createHash } from 'node:crypto';
import type { Split } from '../generated/prisma/enums.ts';

/** How a dataset is divided. */
export type Splitting = {
  /** Share of the examples to check with while training, 0 to 1. */
  validation: number;
  /** Share of the examples to judge models by, 0 to 1. The rest is for training. */
  test: number;
  /** Decides what goes where: the same seed over the same sessions gives the same splits. */
  seed: string;
  /** Sites that must be in validation, whatever its share. */
  validationSites: string[];
  /** Sites that must be in test, whatever its share. */
  testSites: string[];
};

export type SplitMember = { sessionId: string; sites: readonly string[]; examples: number };

/** Sites that share a session cannot be parted. Below so many groups of them, sessions are parted instead. */
const minGroups = 3;

/**
 * Divides sessions: by groups of sites, so that no site stands on both sides, where there are three at
 * least; else by session. Pure.
 */
export function splitMembers(
  members: readonly SplitMember[],
  splitting: Splitting,
): { by: 'SITE' | 'SESSION'; of: Map<string, Split> } {
  const bySite = groupBySites(members);
  const by = bySite.length >= minGroups ? 'SITE' : 'SESSION';
  const groups =
    by === 'SITE'
      ? bySite
      : members.map((member) => ({ name: member.sessionId, members: [member] }));
  const of = new Map<string, Split>();
  for (const [group, split] of assign(groups, splitting))
    for (const { sessionId } of group.members) of.set(sessionId, split);
  return { by, of };
}

type Group = { name: string; members: readonly SplitMember[] };

/** Connected sites with the sessions on them. */
function groupBySites(members: readonly SplitMember[]): Group[] {
  const parent = new Map<string, string>();
  const rootOf = (site: string): string => {
    let root = site;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root))
      root = up;
    parent.set(site, root);
    return root;
  };
  for (const { sites } of members) {
    const [first = ''] = sites;
    for (const site of sites) {
      const [a, b] = [rootOf(first), rootOf(site)];
      if (a !== b) parent.set(a < b ? b : a, a < b ? a : b);
    }
  }
  const groups = Map.groupBy(members, ({ sites }) => rootOf(sites[0] ?? ''));
  return [...groups].map(([name, inside]) => ({ name, members: inside }));
}

/**
 * Gives each group to the split that lacks most of its share, large groups first, the seed deciding among
 * those of like size; a split with a share gets one group at least.
 */
function assign(groups: readonly Group[], splitting: Splitting): [Group, Split][] {
  const { validation, test } = splitting;
  const sizes = new Map(
    groups.map((group) => [group, group.members.reduce((sum, { examples }) => sum + examples, 0)]),
  );
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const lacking = new Map<Split, number>([
    ['TRAIN', total * Math.max(0, 1 - validation - test)],
    ['VALIDATION', total * validation],
    ['TEST', total * test],
  ]);
  const empty = new Set([...lacking].filter(([, share]) => share > 0).map(([split]) => split));
  const given: [Group, Split][] = [];
  const give = (group: Group, split: Split) => {
    given.push([group, split]);
    empty.delete(split);
    lacking.set(split, (lacking.get(split) ?? 0) - (sizes.get(group) ?? 0));
  };
  const free: Group[] = [];
  for (const group of groups) {
    const pinned = pinOf(group, splitting);
    if (pinned) give(group, pinned);
    else free.push(group);
  }
  const weight = (group: Group) =>
    (sizes.get(group) ?? 0) * (0.5 + chanceOf(splitting.seed, group));
  free.sort((a, b) => weight(b) - weight(a) || (a.name < b.name ? -1 : 1));
  for (const [at, group] of free.entries()) {
    const mustFill = free.length - at <= empty.size;
    const choices = [...lacking].filter(([split]) => !mustFill || empty.has(split));
    const [best] = choices.sort((a, b) => b[1] - a[1]);
    give(group, best?.[0] ?? 'TRAIN');
  }
  return given;
}

function pinOf({ members }: Group, { testSites, validationSites }: Splitting): Split | null {
  const sites = new Set(members.flatMap((member) => member.sites));
  if (testSites.some((site) => sites.has(site))) return 'TEST';
  return validationSites.some((site) => sites.has(site)) ? 'VALIDATION' : null;
}

/** 0 to 1, by the seed. */
function chanceOf(seed: string, { name }: Group): number {
  return createHash('sha256').update(`${seed}\n${name}`).digest().readUInt32BE(0) / 2 ** 32;
}
