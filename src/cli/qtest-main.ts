/** Entry of `outboard qtest` by itself: it starts faster without the rest of the command line. */
import { runQTest } from './qtest.ts';

const words = process.argv.slice(2);
process.exitCode = await runQTest(words[0] === 'qtest' ? words.slice(1) : words);
