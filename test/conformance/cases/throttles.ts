/** EITR: how often a vector comes. */
import assert from 'node:assert/strict';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const THROTTLE = 'throttles';

/** An event on vector 1, at once acknowledged. */
function event(station: Station): number[] {
  station.set('EICS', 2);
  return station.pf.takeVectors();
}

function openThrottled(station: Station, microseconds: number): void {
  station.openMsix();
  station.set('EIAC', 2);
  station.set('EIMS', 2);
  station.set('EITR', microseconds << 2, 1);
}

conformance(
  'a second event within EITR’s interval waits for its end',
  { area: THROTTLE, evidence: '06 §6.7' },
  (station) => {
    openThrottled(station, 8000);
    assert.deepEqual(event(station), [1]);
    assert.deepEqual(event(station), []);
    station.wait(40e6);
    assert.deepEqual(station.pf.takeVectors(), [1]);
  },
);

conformance(
  'EITR counts microseconds',
  {
    area: THROTTLE,
    evidence: '06 §6.7, linux',
    expect: { qemu: 'q-eitr-unit' },
    without: { 'vfio-user': 'exact only in virtual time' },
  },
  (station) => {
    openThrottled(station, 1000);
    event(station);
    event(station);
    station.wait(998e3);
    assert.deepEqual(station.pf.takeVectors(), []);
    station.wait(4e3);
    assert.deepEqual(station.pf.takeVectors(), [1]);
  },
);

conformance(
  'an interval without a second event ends without a message',
  { area: THROTTLE, evidence: '11.2', expect: { qemu: 'q-eitr-spurious' } },
  (station) => {
    openThrottled(station, 2000);
    assert.deepEqual(event(station), [1]);
    station.wait(20e6);
    assert.deepEqual(station.pf.takeVectors(), []);
  },
);

conformance('after the interval an event is sent at once', { area: THROTTLE, evidence: '06 §6.7' }, (station) => {
  openThrottled(station, 1000);
  event(station);
  station.wait(20e6);
  station.pf.takeVectors();
  station.wait(20e6);
  assert.deepEqual(event(station), [1]);
});

conformance('an EITR of 0 throttles nothing', { area: THROTTLE, evidence: '06 §6.7' }, (station) => {
  openThrottled(station, 0);
  assert.deepEqual([event(station), event(station), event(station)], [[1], [1], [1]]);
});

conformance('EITR holds back its own vector only', { area: THROTTLE, evidence: '06 §6.7' }, (station) => {
  openThrottled(station, 8000);
  station.set('EIAC', 6);
  station.set('EIMS', 6);
  event(station);
  station.set('EICS', 4);
  assert.deepEqual(station.pf.takeVectors(), [2]);
});

conformance(
  'many events in an interval are one message',
  {
    area: THROTTLE,
    evidence: '06 §6.7',
    without: { 'vfio-user': 'exact only in virtual time' },
    expect: { qemu: 'q-eitr-unit' },
  },
  (station) => {
    openThrottled(station, 100);
    let messages = 0;
    for (let step = 0; step < 1000; step += 1) {
      messages += event(station).length;
      station.wait(10e3);
      messages += station.pf.takeVectors().length;
    }
    assert.ok(messages > 95 && messages < 105, `${messages} messages in 10 ms`);
  },
);

conformance(
  'CTRL.RST lets a waiting message go nowhere',
  { area: THROTTLE, evidence: '11.2', expect: { qemu: 'q-eitr-reset' } },
  (station) => {
    openThrottled(station, 8000);
    event(station);
    event(station);
    station.set('CTRL', 1 << 26);
    station.wait(40e6);
    assert.deepEqual(station.pf.takeVectors(), []);
  },
);
