import { contracts } from '../../src/generated/extension/contracts.ts';
import { carriedContracts } from '../../src/lib/contracts/carried.ts';
import type { Contract } from '../../src/reporter/contracts.ts';

const carried = carriedContracts(contracts);

/** What was promised of each operation when this extension was built. */
export const ownContracts: Contract[] = carried.own;

/** By which the server knows what this extension goes by. */
export const contractHashOf = carried.hashOf;
