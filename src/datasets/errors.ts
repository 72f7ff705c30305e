import type { DatasetState } from '../generated/prisma/enums.ts';
import { DomainError } from '../lib/errors.ts';

export class DatasetNotFoundError extends DomainError {
  override name = 'DatasetNotFoundError';
  readonly code = 'DATASET_NOT_FOUND';
  constructor(datasetId: string) {
    super(`Expected a dataset of yours with id ${datasetId}, found none.`);
  }
}

/** The dataset is in a state in which this cannot be done. */
export class DatasetStateError extends DomainError {
  override name = 'DatasetStateError';
  readonly code = 'DATASET_STATE';
  readonly state: DatasetState;
  constructor(state: DatasetState, expected: string, reason: string | null = null) {
    super(
      `Expected a dataset that is ${expected}, this one is ${state}.${reason ? ` ${reason}` : ''}`,
    );
    this.state = state;
  }
}

/** The id belongs to another dataset, or to one that was created differently. */
export class DatasetIdTakenError extends DomainError {
  override name = 'DatasetIdTakenError';
  readonly code = 'DATASET_ID_TAKEN';
  constructor(datasetId: string) {
    super(`Expected a new id for a new dataset, ${datasetId} is taken.`);
  }
}

export class ExportNotFoundError extends DomainError {
  override name = 'ExportNotFoundError';
  readonly code = 'EXPORT_NOT_FOUND';
  constructor(exportId: string) {
    super(`Expected an export of yours with id ${exportId}, found none.`);
  }
}

/** The id belongs to another export. */
export class ExportIdTakenError extends DomainError {
  override name = 'ExportIdTakenError';
  readonly code = 'EXPORT_ID_TAKEN';
  constructor(exportId: string) {
    super(`Expected a new id for a new export, ${exportId} is taken.`);
  }
}

/** A session of the dataset was erased while it was read; another version without it follows. */
export class MemberGoneError extends Error {
  override name = 'MemberGoneError';
  constructor(sessionId: string) {
    super(
      `Session ${sessionId} was erased: its dataset is withdrawn, another version without it follows.`,
    );
  }
}
