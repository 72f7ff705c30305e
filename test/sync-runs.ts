import { comparePair, newPair, type PairState, type PairVerdict } from '../src/lib/sync/compare.ts';
import { type Digest, digestOf, itemHash } from '../src/lib/sync/digest.ts';
import {
  judgeSequence,
  newSequence,
  type SequenceState,
  takeSequence,
} from '../src/lib/sync/sequence.ts';
import { compareVersions, joinVectors, type VersionVector } from '../src/lib/sync/vectors.ts';

/** What goes wrong in a run, once. */
export const syncFaults = [
  'the server forgets an operation that it acknowledged',
  'the server stores another value',
  'a client misses a change',
  'a client takes another value',
  'a client takes two changes in the wrong order',
  'the server applies an operation and not the one before',
] as const;
export type SyncFault = (typeof syncFaults)[number];

/** What a run came to. */
export type SyncRun = {
  comparisons: number;
  suspicions: number;
  divergences: number;
  /** Gaps of sequences that were judged to be missing data. */
  missing: number;
  /** Records whose versions were no mere lag. */
  conflicts: number;
};

type Operation = { client: number; sequence: number; key: string; value: number };
type Side = 'up' | 'acknowledgement' | 'down';
type Message = { side: Side; client: number; send: () => void };

/**
 * One run of up to four clients and a server over a network that delays, reorders, repeats and loses, with
 * clients that go offline for minutes, restart, and sometimes read their copy in the middle of a change.
 * At the end everything is delivered. Everything random is decided by the seed.
 */
export function runSync(seed: number, fault: SyncFault | null = null): SyncRun {
  const random = randomFrom(seed);
  const chance = (share: number) => random() < share;
  const below = (count: number) => Math.floor(random() * count);
  const run: SyncRun = { comparisons: 0, suspicions: 0, divergences: 0, missing: 0, conflicts: 0 };
  let now = 1_000_000;
  let isCalm = false;
  let network: Message[] = [];

  const log: Operation[] = [];
  const server = openReplica();
  const digestAt: Digest[] = [server.digest()];
  const size = 1 + below(4);
  const sick = below(size);
  const clients = Array.from({ length: size }, (_, index) => openClient(index));

  function openClient(index: number) {
    return {
      index,
      isOnline: true,
      issued: 0,
      queue: [] as Operation[],
      /** Own operations that did not come back in the log. */
      unseen: [] as Operation[],
      /** Version of the server that has all that it acknowledged. */
      acknowledgedAt: 0,
      down: newSequence as SequenceState,
      held: new Map<number, Operation>(),
      copy: openReplica(),
      received: newSequence as SequenceState,
      waiting: new Map<number, Operation>(),
      pair: newPair as PairState,
      wasTorn: false,
      hasFault: fault !== null && index === sick,
    };
  }
  type Client = (typeof clients)[number];

  const post = (side: Side, client: number, send: () => void) => {
    if (!isCalm && chance(0.1)) return; // lost
    network.push({ side, client, send });
    if (!isCalm && chance(0.1)) network.push({ side, client, send });
  };

  const write = (client: Client, key: string, value = below(1_000)) => {
    client.issued += 1;
    const operation = { client: client.index, sequence: client.issued, key, value };
    client.queue.push(operation);
    client.unseen.push(operation);
  };

  const applyOnServer = (client: Client, operation: Operation) => {
    const isSick = client.hasFault && operation.key === 'sick';
    if (isSick && fault === 'the server forgets an operation that it acknowledged') return;
    const isOther = isSick && fault === 'the server stores another value';
    const stored = isOther ? { ...operation, value: operation.value + 1 } : operation;
    log.push(stored);
    server.apply(stored);
    digestAt.push(server.digest());
  };

  const receive = (client: Client, operation: Operation) => {
    const { sequence } = operation;
    client.waiting.set(sequence, operation);
    const arrival = takeSequence(client.received, sequence, now);
    client.received = arrival.state;
    for (const next of arrival.apply) {
      const ready = client.waiting.get(next);
      client.waiting.delete(next);
      if (ready) applyOnServer(client, ready);
    }
    const [last, version] = [client.received.last, log.length];
    post('acknowledgement', client.index, () => {
      client.queue = client.queue.filter((waiting) => waiting.sequence > last);
      client.acknowledgedAt = Math.max(client.acknowledgedAt, version);
    });
  };

  const takeDown = (client: Client, version: number, entry: Operation) => {
    client.held.set(version, entry);
    const arrival = takeSequence(client.down, version, now);
    client.down = arrival.state;
    for (const next of arrival.apply) {
      const change = client.held.get(next);
      client.held.delete(next);
      if (change) applyOnClient(client, change);
    }
  };

  const applyOnClient = (client: Client, change: Operation) => {
    const isOwn = change.client === client.index;
    const own = isOwn
      ? client.unseen.find(({ sequence }) => sequence === change.sequence)
      : undefined;
    if (isOwn) client.unseen = client.unseen.filter((operation) => operation !== own);
    const isSick = client.hasFault && change.key === 'other';
    if (isSick && fault === 'a client misses a change') return;
    if (isSick && fault === 'a client takes another value')
      return client.copy.apply({ ...change, value: change.value + 1 });
    if (isSick && fault === 'a client takes two changes in the wrong order') {
      const before = client.copy.get('other');
      client.copy.apply(change);
      if (before !== undefined) client.copy.apply({ ...change, value: before });
      return;
    }
    client.copy.apply(own ?? change); // what it wrote is what it keeps
  };

  const report = (client: Client) => {
    if (!client.isOnline) return;
    const version = client.down.last;
    const isAt = version >= client.acknowledgedAt; // it has seen all that was acknowledged to it
    const isTorn = !isCalm && !client.wasTorn && chance(0.05);
    const digest = client.copy.digest(client.unseen, isTorn);
    const take = { takenAt: now, isQueueEmpty: client.queue.length === 0 && isAt };
    const name = `v${version}`;
    const { verdict, state } = comparePair(
      client.pair,
      { ...take, checkpoint: name, digest },
      { checkpoint: name, takenAt: now, isQueueEmpty: true, digest: digestAt[version] ?? digest },
    );
    client.pair = state;
    // Of two takes in a row that are compared, not both are torn: those in between that cannot be compared say nothing.
    if (verdict !== 'not_compared') client.wasTorn = isTorn;
    count(verdict);
    const issued = {
      last: client.issued,
      pendingFrom: client.queue[0]?.sequence ?? client.issued + 1,
    };
    const isCheckpoint = client.queue.length === 0;
    const { isOnline } = client;
    for (const { type } of judgeSequence(client.received, issued, { now, isCheckpoint, isOnline }))
      if (type === 'missing_data') run.missing += 1;
    if (!fault) run.conflicts += client.copy.conflictsWith(server);
  };
  const count = (verdict: PairVerdict) => {
    if (verdict !== 'not_compared') run.comparisons += 1;
    if (verdict === 'suspected') run.suspicions += 1;
    if (verdict === 'divergent') run.divergences += 1;
  };

  const send = (client: Client) => {
    if (!client.isOnline) return;
    const most = isCalm ? client.queue.length : 1 + below(5);
    for (const operation of client.queue.slice(0, most))
      post('up', client.index, () => receive(client, operation));
  };
  const download = (client: Client) => {
    if (!client.isOnline) return;
    const from = client.down.last;
    const most = isCalm ? log.length : 1 + below(6);
    for (const [place, entry] of log.slice(from, from + most).entries())
      post('down', client.index, () => takeDown(client, from + place + 1, entry));
  };
  const deliver = () => {
    const [message] = network.splice(below(network.length), 1);
    if (!message) return;
    if (clients[message.client]?.isOnline) message.send();
    else if (chance(0.5)) network.push(message); // late, not lost
  };

  const step = () => {
    const client = clients[below(clients.length)];
    if (!client) return;
    now += below(5_000);
    const dice = random();
    if (dice < 0.06) write(client, chance(0.5) ? `own ${client.index}` : `shared ${below(4)}`);
    else if (dice < 0.2) send(client);
    else if (dice < 0.36) download(client);
    else if (dice < 0.78) deliver();
    else if (dice < 0.93) report(client);
    else if (dice < 0.96) client.isOnline = !client.isOnline;
    else if (dice < 0.98) now += 10 * 60_000;
    else if (dice < 0.985) network = network.filter((message) => message.client !== client.index); // it restarted
  };

  const steps = 60 + below(120);
  for (let count = 0; count < steps; count += 1) step();
  if (fault) plant();
  for (let count = 0; count < 20; count += 1) step();

  function plant() {
    const client = clients[sick];
    if (!client) return;
    if (fault === 'the server applies an operation and not the one before') {
      write(client, 'sick');
      write(client, 'sick');
      const [lost, next] = client.queue.slice(-2);
      client.queue = client.queue.filter((operation) => operation !== lost); // sent, and never received
      if (next) post('up', client.index, () => receive(client, next));
      return;
    }
    write(client, 'sick', 1);
    for (const value of [10, 20]) {
      const operation = { client: -1, sequence: 0, key: 'other', value };
      log.push(operation); // of somebody else
      server.apply(operation);
      digestAt.push(server.digest());
    }
  }

  // The network calms down, and everything arrives.
  isCalm = true;
  for (const client of clients) client.isOnline = true;
  for (let round = 0; round < 4; round += 1) {
    for (const client of clients) send(client);
    while (network.length > 0) deliver();
    for (const client of clients) download(client);
    while (network.length > 0) deliver();
    if (fault === 'the server applies an operation and not the one before')
      for (const client of clients) if (client.hasFault) client.queue = [];
  }
  for (let round = 0; round < 2; round += 1)
    for (const client of clients) {
      now += 1_000;
      report(client);
    }
  return run;
}

const hashes = new Map<string, string>();

/** Records, each with its last value and what it has seen. */
function openReplica() {
  const records = new Map<string, { value: number; vector: VersionVector }>();
  const hashOf = (key: string, value: number) => {
    const name = `${key} ${value}`;
    const known = hashes.get(name);
    if (known) return known;
    const made = itemHash({ key, value });
    hashes.set(name, made);
    return made;
  };
  return {
    get: (key: string) => records.get(key)?.value,
    apply({ key, value, client, sequence }: Operation) {
      const vector = joinVectors(records.get(key)?.vector ?? {}, { [String(client)]: sequence });
      records.set(key, { value, vector });
    },
    /** With operations on top. @param isTorn read while a record was being written */
    digest(onTop: Operation[] = [], isTorn = false): Digest {
      const values = new Map([...records].map(([key, { value }]) => [key, value]));
      for (const { key, value } of onTop) values.set(key, value);
      const all = [...values].map(([key, value]) => hashOf(key, value));
      return digestOf(isTorn ? all.slice(1) : all);
    },
    conflictsWith(other: {
      version(key: string): { value: number; vector: VersionVector } | undefined;
    }) {
      let found = 0;
      for (const [key, { value, vector }] of records) {
        const there = other.version(key);
        if (!there) continue;
        const relation = compareVersions(
          { vector, hash: String(value) },
          { vector: there.vector, hash: String(there.value) },
        );
        if (relation === 'conflict' || relation === 'divergent') found += 1;
      }
      return found;
    },
    version: (key: string) => records.get(key),
  };
}

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
