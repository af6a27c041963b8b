/** Every case: importing this declares them. */
import './registers.ts';
import './rings.ts';
import './transmit-offloads.ts';
import './receive-filters.ts';
import './receive-offloads.ts';
import './queue-choice.ts';
import './pools.ts';
import './switch.ts';
import './interrupts.ts';
import './virtual-functions.ts';
import './resets.ts';
import './statistics.ts';
import './platform.ts';
import './beyond.ts';
import './boundaries.ts';
