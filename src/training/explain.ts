import type { ProviderJob } from '../platform/model.ts';
import type { ModelServerError } from '../platform/model-errors.ts';
import { TrainingFailedError } from './errors.ts';

/** When OpenAI ends self-serve fine-tuning for everyone (its deprecations page, 2026). */
export const openaiTrainingEnds = '2027-01-06';

const elsewhere =
  'Train with LOCAL, which always works, or with EXTERNAL on hardware of your own; or set OPENAI_BASE_URL to a server that still trains.';

/** What a refusal of a provider means and what to do about it. */
export function explain(error: ModelServerError): TrainingFailedError {
  const { status, code, message } = error;
  const fail = (name: string, why: string, advice: string) =>
    new TrainingFailedError(name, `${why} (${message})`, { advice });
  if (code === 'training_not_available')
    return fail(
      'TRAINING_NOT_AVAILABLE',
      `This organisation may not train at the provider: OpenAI gives it to no new ones, and to nobody from ${openaiTrainingEnds} on.`,
      elsewhere,
    );
  if (code === 'insufficient_quota')
    return fail(
      'QUOTA_SPENT',
      'The account at the provider has no credit left.',
      'Add credit or raise its limit, then start the training again.',
    );
  if (status === 401)
    return fail(
      'KEY_REFUSED',
      'The provider does not know the key.',
      'Set OPENAI_API_KEY to a key that is good, and start the server again.',
    );
  if (status === 403)
    return fail(
      'FORBIDDEN',
      'The provider forbids this to the key.',
      `Give the key the rights to files and fine-tuning. ${elsewhere}`,
    );
  if (status === 404)
    return fail(
      'NOT_FOUND',
      'The provider has no such thing.',
      'Look whether the base model is still offered, and whether files or the job were deleted there.',
    );
  if (status === 413)
    return fail(
      'FILE_TOO_LARGE',
      'The training file is too large for the provider.',
      'Choose fewer sessions for the dataset.',
    );
  if (error.isRetryable)
    return fail(
      'PROVIDER_DOWN',
      'The provider could not be reached for hours.',
      'Look at its status page, then start the training again.',
    );
  return fail(
    code ? code.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_') : 'REFUSED',
    'The provider refused the training.',
    'What it says is in the message; change that and start again.',
  );
}

/** Failures of a provider's job by its code: what they mean, what to do, whether another start may do. */
const failures: Record<string, [why: string, advice: string, isWorthAnother: boolean]> = {
  invalid_training_file: [
    'The provider found a fault in the training file that our check of its rules did not.',
    'Please report it with the message; until then leave out the sessions of the lines it names.',
    false,
  ],
  invalid_validation_file: [
    'The provider found a fault in the validation file.',
    'Please report it with the message; until then freeze the dataset without a validation split.',
    false,
  ],
  invalid_n_examples: [
    'There are too few examples for the provider.',
    'Record or select more sessions: at least 10 examples, better some hundreds.',
    false,
  ],
  unsafe_file: [
    'The provider’s safety check refused the data.',
    'Look through the dataset for what may have set it off, and leave those sessions out.',
    false,
  ],
  exceeded_quota: [
    'The account at the provider has no credit left.',
    'Add credit or raise its limit, then start the training again.',
    false,
  ],
  server_error: ['The provider failed by its own fault.', 'Start the training again later.', true],
  internal_error: [
    'The provider failed by its own fault.',
    'Start the training again later.',
    true,
  ],
};

/** Why a provider's job failed, in words. */
export function explainJob({ error }: ProviderJob): TrainingFailedError {
  const code = error?.code ?? 'unknown';
  const [why, advice, isWorthAnother] = failures[code] ?? [
    'The training failed at the provider.',
    'What it says is in the message.',
    false,
  ];
  const place = error?.param ? `, about ${error.param}` : '';
  return new TrainingFailedError(
    code.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_'),
    `${why} It says: ${error?.message ?? 'nothing'} (${code}${place}).`,
    { advice, isWorthAnother },
  );
}
