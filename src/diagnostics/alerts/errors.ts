import { DomainError } from '../../lib/errors.ts';

export class ChannelNotFoundError extends DomainError {
  override name = 'ChannelNotFoundError';
  readonly code = 'CHANNEL_NOT_FOUND';
  constructor(id: string) {
    super(`Expected a channel of this project with id ${id}, found none.`);
  }
}

/** The channel is at an address that the server does not call. */
export class ChannelAddressRefusedError extends DomainError {
  override name = 'ChannelAddressRefusedError';
  readonly code = 'CHANNEL_ADDRESS_REFUSED';
}
