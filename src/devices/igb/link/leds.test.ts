import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUTO_NEGOTIATION_NS } from './phy.ts';
import { pf } from '../tables/index.ts';
import { makeTestPort, mdicWrite } from '../testing-port.ts';

const { CTRL, LEDCTL } = pf;

function setUp() {
  const { port, context } = makeTestPort();
  const { leds } = port.blocks.link;
  return { port, context, leds, shown: () => leds.ledState().join(' ') };
}

test('as the NVM has them: link, traffic, 100, 1000 Mb/s (§8.5)', () => {
  const { port, context, shown } = setUp();
  assert.equal(shown(), 'off off off off');
  port.write(CTRL.at, CTRL.SLU.mask);
  assert.equal(shown(), 'on activity off on');
  mdicWrite(port, 4, 0x0181);
  mdicWrite(port, 9, 0);
  mdicWrite(port, 0, 0x1340);
  context.clock.advance(AUTO_NEGOTIATION_NS);
  assert.equal(shown(), 'on activity on off');
});

test('ethtool -p: Linux alternates blinking and off, and the trace shows it', () => {
  const { port, context, leds, shown } = setUp();
  const { length } = context.trace.of('igb_led_state');
  const before = port.read(LEDCTL.at);
  port.write(LEDCTL.at, 0x07068e8e);
  assert.equal(shown(), 'blinking blinking off off');
  const { changes } = leds;
  port.write(LEDCTL.at, 0x07068e8e);
  assert.equal(leds.changes, changes, 'the same again is no change');
  port.write(LEDCTL.at, 0x07060f0f);
  assert.equal(shown(), 'off off off off');
  port.write(LEDCTL.at, before);
  assert.equal(context.trace.of('igb_led_state').length, length + 2);
});

test('INVERT turns on and off round', () => {
  const { port, shown } = setUp();
  port.write(LEDCTL.at, 0x4f4e0f0e);
  assert.equal(shown(), 'on off off on');
});
