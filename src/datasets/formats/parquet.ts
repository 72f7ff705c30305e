import { constants, zstdCompressSync } from 'node:zlib';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ExportAbout, Exporter, ExportSession, FileWriter, Piece } from './exporter.ts';
import { exampleSteps, type WithExample } from './lines.ts';

/** Rows are kept until so many, or so many bytes of them, make a row group. */
const groupRows = 1_000;
const groupBytes = 8 * 1024 * 1024;

/** The footer of a file grows with its groups. */
const fileRows = 200_000;

const zstdFast = { [constants.ZSTD_c_compressionLevel]: 1 };

type Value = number | Uint8Array | null;
type Column = {
  name: string;
  type: 'STRING' | 'INT32' | 'BYTE_ARRAY';
  nullable: boolean;
  dtype: string;
  of(step: WithExample, session: ExportSession, image: Uint8Array | null): string | Value;
};

const text = (name: string, of: Column['of'], nullable = false): Column => ({
  name,
  type: 'STRING',
  dtype: 'string',
  nullable,
  of,
});

const columns: Column[] = [
  text('example_id', ({ interactionId }) => interactionId),
  text('session_id', (_step, { head }) => head.sessionId),
  { name: 'step', type: 'INT32', dtype: 'int32', nullable: false, of: ({ sequence }) => sequence },
  text('site', ({ site }) => site),
  text('task', ({ example }) => example.task),
  text('url', ({ example }) => example.url),
  text('title', ({ example }) => example.title),
  text('history', ({ example }) => JSON.stringify(example.history)),
  text('observation', ({ example }) => example.outline),
  text('candidates', ({ example }) => JSON.stringify(example.candidates)),
  text('operation', ({ example }) => example.answer.operation),
  text('answer', ({ example }) => example.answer.ref),
  text('value', ({ example }) => example.answer.value, true),
  {
    name: 'image',
    type: 'BYTE_ARRAY',
    dtype: 'binary',
    nullable: true,
    of: (_s, _e, image) => image,
  },
  text(
    'image_type',
    ({ picture }, _session, image) => (image ? (picture?.mimeType ?? null) : null),
    true,
  ),
  text('split', (_step, { split }) => split?.toLowerCase() ?? 'all'),
  text('licence', (_step, { licence }) => licence, true),
  text('consent', (_step, { consentVersion }) => consentVersion, true),
];

/** Parquet, a row a step, with a card for the Hugging Face hub. */
export const parquet: Exporter = {
  kinds: [
    {
      folder: 'data/',
      extension: 'parquet',
      mediaType: 'application/vnd.apache.parquet',
      maxRecords: fileRows,
      isSeparable: false, // its footer tells where everything is
      open: openParquet,
    },
  ],
  extras: (about) => [
    { path: 'README.md', mediaType: 'text/markdown', text: cardOf(about) },
    {
      path: 'manifest.json',
      mediaType: 'application/json',
      text: `${JSON.stringify(about.manifest, null, 2)}\n`,
    },
  ],
};

function openParquet(): FileWriter {
  const writer = new ByteWriter(1024 * 1024);
  const file = new ParquetWriter({
    writer,
    createdBy: 'codesight',
    codec: 'ZSTD', // native; the writer's own Snappy is JavaScript and leaves four times the bytes
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes, { params: zstdFast }) },
    statistics: false, // of texts and pictures they tell nothing and are as large
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.map(({ name, type, nullable }) => ({
        name,
        type: type === 'INT32' ? ('INT32' as const) : ('BYTE_ARRAY' as const),
        ...(type === 'STRING' ? { converted_type: 'UTF8' as const } : {}),
        repetition_type: nullable ? ('OPTIONAL' as const) : ('REQUIRED' as const),
      })),
    ],
  });
  const group = columns.map(({ type }) => (type === 'STRING' ? new Texts() : new Others()));
  let [count, bytes] = [0, 0];
  /** What was written since the last time; the writer's buffer begins anew, over it. */
  const taken = (): Uint8Array => {
    const written = writer.getBytes();
    writer.index = 0;
    return written;
  };
  const writeGroup = (): Piece[] => {
    if (count === 0) return [];
    void file.write({
      // Indexes of pages would be kept until the file ends, and a group is a page or few.
      columnData: columns.map(({ name }, at) => ({
        name,
        // Asked for column by column: a value of each row and column at once would be 20,000 objects.
        get data() {
          return group[at]?.values() ?? [];
        },
        offsetIndex: false,
        encoding: 'PLAIN' as const, // texts repeat within, which the compression finds; few repeat as a whole
      })),
      rowGroupSize: count,
    });
    for (const column of group) column.clear();
    const records = count;
    [count, bytes] = [0, 0];
    return [{ bytes: taken(), records }];
  };
  return {
    async *session(session) {
      for await (const step of exampleSteps(session)) {
        const image = step.picture ? await session.picture(step.picture) : null;
        for (const [at, column] of columns.entries())
          bytes += group[at]?.add(column.of(step, session, image)) ?? 0;
        if (++count >= groupRows || bytes >= groupBytes) yield* writeGroup();
      }
    },
    *end() {
      yield* writeGroup();
      void file.finish();
      yield { bytes: taken(), records: 0 };
    },
  };
}

const textBytes = 64 * 1024;

/** The texts of a column of a row group, as UTF-8 in memory that is used again for the next group. */
class Texts {
  #memory = Buffer.allocUnsafe(textBytes);
  #used = 0;
  /** Where each ends; -1 for null. */
  readonly #ends: number[] = [];

  /** Answers with the bytes that it takes. */
  add(text: string | Value): number {
    const begin = this.#used;
    if (typeof text === 'string') {
      this.#makeRoom(text.length * 3); // of a UTF-16 unit at most
      this.#used += this.#memory.write(text, begin);
    }
    this.#ends.push(typeof text === 'string' ? this.#used : -1);
    return this.#used - begin;
  }

  /** Good until something is added or cleared. */
  values(): Value[] {
    let begin = 0;
    return this.#ends.map((end) => {
      if (end < 0) return null;
      const bytes = this.#memory.subarray(begin, end);
      begin = end;
      return bytes;
    });
  }

  clear(): void {
    this.#used = 0;
    this.#ends.length = 0;
  }

  #makeRoom(more: number): void {
    if (this.#used + more <= this.#memory.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#memory.length * 2, this.#used + more));
    this.#memory.copy(larger, 0, 0, this.#used);
    this.#memory = larger;
  }
}

/** Numbers, or bytes that have memory of their own. */
class Others {
  #list: Value[] = [];

  add(value: string | Value): number {
    if (typeof value === 'string') throw new Error('Expected a number or bytes, got a text.');
    this.#list.push(value);
    return value instanceof Uint8Array ? value.length : 8;
  }

  values(): Value[] {
    return this.#list;
  }

  clear(): void {
    this.#list = [];
  }
}

/** The card: YAML that the hub reads, then words. */
function cardOf({ name, version, description, licence, manifest, files }: ExportAbout): string {
  const splits = [...Map.groupBy(files, ({ split }) => split?.toLowerCase() ?? 'all')];
  const total = (list: typeof files, of: 'records' | 'bytes') =>
    list.reduce((sum, file) => sum + file[of], 0);
  return [
    '---',
    `pretty_name: ${JSON.stringify(name)}`,
    ...(licence ? [`license: other`, `license_name: ${JSON.stringify(licence)}`] : []),
    'task_categories:',
    '- text-generation',
    'tags:',
    '- web-agents',
    'configs:',
    '- config_name: default',
    '  data_files:',
    ...splits.flatMap(([split]) => [`  - split: ${split}`, `    path: data/${split}-*.parquet`]),
    'dataset_info:',
    '  features:',
    ...columns.flatMap((column) => [`  - name: ${column.name}`, `    dtype: ${column.dtype}`]),
    '  splits:',
    ...splits.flatMap(([split, list]) => [
      `  - name: ${split}`,
      `    num_examples: ${total(list, 'records')}`,
      `    num_bytes: ${total(list, 'bytes')}`,
    ]),
    `  dataset_size: ${total(files, 'bytes')}`,
    '---',
    '',
    `# ${name}${version === null ? '' : `, version ${version}`}`,
    '',
    ...(description ? [description, ''] : []),
    'Steps that people took on web pages: what they saw strictly before each, candidates to choose from, and what they chose.',
    '`candidates` and `history` are JSON; `answer` is the `ref` of a candidate. Personal values are placeholders such as `[EMAIL]`.',
    '',
    manifest === null
      ? 'Made from one session.'
      : '`manifest.json` tells where it comes from: sessions, splits, licence, consent, and what was proved of it.',
    '',
  ].join('\n');
}
