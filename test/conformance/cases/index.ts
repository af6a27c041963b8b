/** Every case: importing this declares them. */
import './registers.ts';
import './rings.ts';
import './transmit-offloads.ts';
import './receive-filters.ts';
import './receive-offloads.ts';
import './queue-choice.ts';
import './pools.ts';
