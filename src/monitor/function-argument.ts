/** The word or member that names a function of the NIC. */
import * as v from 'valibot';
import { functionNames } from '../nic/functions.ts';

export const functionSchema = v.optional(v.picklist(functionNames, `must be one of ${functionNames.join(', ')}`), 'pf');
export const numberOf = (name: string): number => functionNames.indexOf(name);
