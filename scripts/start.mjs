// npm start: sets the clone up, then runs the lab's demonstration.
import { setUp } from './setup.mjs';

await setUp();
process.argv.splice(2, 0, 'start');
await import('../build/src/cli/main.js');
