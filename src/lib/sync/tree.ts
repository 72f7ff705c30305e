import {
  type Digest,
  digestOf,
  emptyDigest,
  itemHash,
  type SyncItem,
  sameDigest,
  shortHash,
} from './digest.ts';

/** Up to so many items a digest alone is sent, and then the items themselves. */
export const leafItems = 256;
/** Longest path: 16^8 leaves of 256 items are more than any client holds. */
export const deepestPath = 8;
const digits = '0123456789abcdef';

/** A part of the items: those whose key's hash begins with `path`, hexadecimal digits. */
export type TreeNode = Digest & { path: string };

/** An item of a leaf. */
export type LeafItem = { key: string; hash: string };

/** What one side has told of its items; the root's path is empty. */
export type ToldTree = {
  nodes: ReadonlyMap<string, Digest>;
  /** Items of leaves, by the leaf's path. */
  leaves: ReadonlyMap<string, LeafItem[]>;
};

/** A side's own items, of which any part can be told. */
export type DigestTree = {
  root: Digest;
  /** The sixteen parts of a node, the empty ones left out; none for a leaf. */
  childrenOf(path: string): TreeNode[];
  /** The items of a node, for one that `isLeaf`. */
  itemsOf(path: string): LeafItem[];
};

export function isLeaf(count: number, path: string): boolean {
  return count <= leafItems || path.length >= deepestPath;
}

/** The tree over items with different keys. */
export function digestTree(items: Iterable<SyncItem>): DigestTree {
  const placed = [...items]
    .map((item) => ({
      place: placeOf(String(item.key)),
      key: String(item.key),
      hash: itemHash(item),
    }))
    .sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0));
  const firstFrom = (place: string) => {
    let [low, high] = [0, placed.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((placed[middle]?.place ?? '') < place) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const within = (path: string) => placed.slice(firstFrom(path), firstFrom(`${path}g`)); // past `f`
  return {
    root: digestOf(placed.map(({ hash }) => hash)),
    childrenOf(path) {
      const own = within(path);
      if (isLeaf(own.length, path)) return [];
      const parts = Map.groupBy(own, ({ place }) => place.slice(0, path.length + 1));
      return [...parts].map(([part, inside]) => ({
        path: part,
        ...digestOf(inside.map(({ hash }) => hash)),
      }));
    },
    itemsOf: (path) => within(path).map(({ key, hash }) => ({ key, hash })),
  };
}

/** Where two sides differ, as far as both have told, and what each should tell next. */
export type TreeComparison = {
  agree: boolean;
  /** Keys of items that only one has or that differ, in the order of the keys. */
  differing: string[];
  /** Nodes whose parts or items each side has yet to tell. */
  ask: { a: string[]; b: string[] };
};

/** Descends only where the two differ. */
export function compareTrees(a: ToldTree, b: ToldTree): TreeComparison {
  const found: TreeComparison = { agree: true, differing: [], ask: { a: [], b: [] } };
  const visit = (path: string) => {
    const [left, right] = [nodeOf(a, path), nodeOf(b, path)];
    if (sameDigest(left, right)) return;
    found.agree = false;
    const isEnd = isLeaf(left.count, path) && isLeaf(right.count, path);
    const [isTold, isToldToo] = [tells(a, path, left, isEnd), tells(b, path, right, isEnd)];
    if (!isTold) found.ask.a.push(path);
    if (!isToldToo) found.ask.b.push(path);
    if (!isTold || !isToldToo) return;
    if (isEnd) found.differing.push(...differingOf(itemsOf(a, path), itemsOf(b, path)));
    else for (const digit of digits) visit(path + digit);
  };
  visit('');
  found.differing.sort();
  return found;
}

/** What a side tells of the nodes it is asked for: items of leaves, parts of others. */
export function tellOf(
  tree: DigestTree,
  paths: Iterable<string>,
): { nodes: TreeNode[]; leaves: { path: string; items: LeafItem[] }[] } {
  const nodes: TreeNode[] = [];
  const leaves: { path: string; items: LeafItem[] }[] = [];
  for (const path of paths) {
    const items = tree.itemsOf(path);
    if (isLeaf(items.length, path)) leaves.push({ path, items });
    else nodes.push(...tree.childrenOf(path));
  }
  return { nodes, leaves };
}

/** A side that told the items of a leaf need not tell its parts: the other side's leaf may lie deeper. */
function nodeOf(tree: ToldTree, path: string): Digest {
  const told = tree.nodes.get(path);
  if (told) return told;
  return leafAbove(tree, path)
    ? digestOf(itemsOf(tree, path).map(({ hash }) => hash))
    : emptyDigest;
}

function tells(tree: ToldTree, path: string, node: Digest, asItems: boolean): boolean {
  if (node.count === 0 || leafAbove(tree, path)) return true;
  return !asItems && [...digits].some((digit) => tree.nodes.has(path + digit));
}

function itemsOf(tree: ToldTree, path: string): LeafItem[] {
  const items = leafAbove(tree, path) ?? [];
  return path === '' ? items : items.filter(({ key }) => placeOf(key).startsWith(path));
}

function leafAbove(tree: ToldTree, path: string): LeafItem[] | null {
  for (let length = path.length; length >= 0; length -= 1) {
    const items = tree.leaves.get(path.slice(0, length));
    if (items) return items;
  }
  return null;
}

function placeOf(key: string): string {
  return shortHash(key).slice(0, deepestPath);
}

function differingOf(a: LeafItem[], b: LeafItem[]): string[] {
  const here = new Map(a.map(({ key, hash }) => [key, hash]));
  const there = new Map(b.map(({ key, hash }) => [key, hash]));
  const keys = new Set([...here.keys(), ...there.keys()]);
  return [...keys].filter((key) => here.get(key) !== there.get(key));
}
