/** The conformance suite on our device in this process. */
import { driveAll } from './drive.ts';
import { openInProcess } from './machines/in-process.ts';

driveAll('process', openInProcess);
