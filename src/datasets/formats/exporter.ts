import type { Split } from '../../generated/prisma/enums.ts';
import type { Page } from '../../lib/page/element.ts';
import type { Picture, SessionHead, SessionStep } from '../session-steps.ts';

/** A session as a format gets it: its steps come by sequence and can be read once. */
export type ExportSession = {
  head: SessionHead;
  /** `null` for an export of one session. */
  split: Split | null;
  consentVersion: string | null;
  licence: string | null;
  steps: AsyncIterable<SessionStep>;
  /** The page before a step, `null` where there is no such snapshot. */
  page(step: SessionStep): Promise<Page | null>;
  /** Its HTML, redacted. */
  html(step: SessionStep): Promise<string | null>;
  /** The bytes of a picture as they were frozen; `null` where they are gone. */
  picture(picture: Picture): Promise<Buffer | null>;
};

/** A piece of a file, with the records that end in it. Its bytes are good until the next piece is asked for. */
export type Piece = { bytes: Uint8Array; records: number };

export type FileWriter = {
  /** What a session adds to the file. The same session gives the same bytes. */
  session(session: ExportSession): AsyncIterable<Piece>;
  /** What ends the file. */
  end?(): AsyncIterable<Piece> | Iterable<Piece>;
};

/** A kind of file that a format consists of; there is one for each split, or several when it is large. */
export type FileKind = {
  /** Path before split and number, for example `data/`, `images/`. */
  folder: string;
  /** Without the dot. */
  extension: string;
  mediaType: string;
  /** Most records in one file; the provider's limit, where there is one. */
  maxRecords?: number;
  /** Whether what a session adds depends on nothing before it, so that a stopped run goes on in the middle. */
  isSeparable: boolean;
  /** The same for an export of one session, where that needs no archive. */
  single?: Pick<FileKind, 'extension' | 'mediaType' | 'open'>;
  open(): FileWriter;
};

/** What is said of the whole in files that describe it. */
export type ExportAbout = {
  name: string;
  version: number | null;
  description: string | null;
  licence: string | null;
  manifest: unknown;
  files: { path: string; split: Split | null; records: number; bytes: number }[];
};

/** A format: streams sessions into files and validates every record it writes. */
export type Exporter = {
  kinds: FileKind[];
  /** Small files that describe the others. */
  extras?(about: ExportAbout): { path: string; mediaType: string; text: string }[];
};

/** A record does not fit its own format: a fault of ours, told with where it is. */
export class InvalidRecordError extends Error {
  override name = 'InvalidRecordError';
  constructor(sessionId: string, sequence: number | null, reason: string) {
    super(
      `A record of session ${sessionId}${sequence === null ? '' : `, step ${sequence},`} does not fit its format: ${reason}.`,
    );
  }
}
