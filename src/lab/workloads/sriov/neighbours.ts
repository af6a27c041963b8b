import { missingAnswers } from '../../scene.ts';
import { LabError } from '../../errors.ts';
import type { Fleet, FleetGuest } from '../../fleet.ts';
import { hostStation, pfStations, vfStations } from '../matrix/functions.ts';
import { GuestPlace } from '../matrix/place.ts';
import type { Station } from '../matrix/station.ts';
import { hostFiles } from '../matrix/workload.ts';
import type { Workload } from '../../workload.ts';
import { Effects, mustBe } from './effects.ts';
import { mustPing, pingsAgain } from './vf-guest.ts';

const [a, b, c]: readonly FleetGuest[] = [
  { name: 'A', pf: 'hierarchy' },
  { name: 'B', vfs: [0] },
  { name: 'C', vfs: [1] },
];
const reboots = { reboots: true };
const recoverMs = 60_000;
const pingsPerSecond = 50;
/** Answers of the last pings may be under way when ping is stopped. */
const lingerSeconds = 2;
const lateSeconds = 1;

/** Guests of a fleet that come and go, and what they have of the NIC. */
class Neighbours {
  readonly #fleet: Fleet;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  async bootPf(guest: FleetGuest): Promise<Station> {
    return (await pfStations(await this.power(guest), guest, []))[0]!;
  }

  async bootVf(guest: FleetGuest): Promise<Station> {
    return this.vf(await this.power(guest), guest);
  }

  /** A guest that is up, and nothing more. */
  async power(guest: FleetGuest): Promise<GuestPlace> {
    return new GuestPlace(`guest ${guest.name}`, await this.#fleet.boot(guest.name, reboots));
  }

  async vf(place: GuestPlace, guest: FleetGuest): Promise<Station> {
    const station = (await vfStations(place, guest))[0]!;
    await station.waitForCarrier();
    return station;
  }
}

function machineOf({ place }: Station): GuestPlace['machine'] {
  return (place as GuestPlace).machine;
}

/** Pings of some pairs go on while something happens; each must be answered. */
async function undisturbed(
  pairs: readonly (readonly [Station, Station])[],
  happens: () => Promise<unknown>,
): Promise<string> {
  const file = (to: Station): string => `/run/pings-${to.number}`;
  for (const [from, to] of pairs)
    await from.run(
      `ping -n -i ${1 / pingsPerSecond} ${to.address(4)} > ${file(to)} 2>&1 < /dev/null & echo $! > ${file(to)}.pid`,
    );
  try {
    await happens();
    await pairs[0]![0].run(`sleep ${lingerSeconds}`);
  } finally {
    for (const [from, to] of pairs)
      await from.try(
        `kill -INT $(cat ${file(to)}.pid); while kill -0 $(cat ${file(to)}.pid); do sleep 0.1; done 2>/dev/null`,
      );
  }
  let sum = 0;
  for (const [from, to] of pairs) {
    const text = await from.run(`cat ${file(to)}`);
    const sent = Number(/(\d+) packets transmitted/.exec(text)?.[1] ?? 0);
    const counted = sent - lateSeconds * pingsPerSecond;
    mustBe(counted > 0, `${from.label} to ${to.label}: ${sent} pings only`);
    const lost = missingAnswers(text, counted);
    mustBe(lost === 0, `${from.label} to ${to.label}: ${lost} of ${counted} pings unanswered`);
    sum += counted;
  }
  return `${sum} pings, none lost`;
}

export const neighbours: Workload = {
  name: 'neighbours',
  summary:
    'three guests share the NIC; one after the other is attached, killed and rebooted, and the others lose no packet',
  async run(context) {
    if (context.openFleet === undefined)
      throw new LabError('ONE_GUEST', 'QEMU has all functions of its igb in one guest; "neighbours" needs ours');
    const effects = new Effects(context);
    const fleet = await context.openFleet([a!, b!, c!]);
    const guests = new Neighbours(fleet);
    const host = hostStation(context.host, hostFiles(context.folder));
    let pf = await context.step('guest A with the PF', () => guests.bootPf(a!));
    const inB = await context.step('guest B with VF 0', () => guests.bootVf(b!));
    let inC = await context.step('guest C with VF 1 attaches', () => guests.bootVf(c!));
    for (const to of [pf, inC, host]) await mustPing(inB, to);

    await effects.try('guest C is killed; A, B and the host go on', async (report) =>
      report(
        await undisturbed(
          [
            [inB, host],
            [inB, pf],
            [pf, host],
          ],
          async () => {
            await machineOf(inC).kill();
          },
        ),
      ),
    );
    await effects.try('another VM attaches to VF 1 at once; A, B and the host go on', async (report) => {
      report(
        await undisturbed(
          [
            [inB, host],
            [inB, pf],
          ],
          async () => (inC = await guests.bootVf(c!)),
        ),
      );
      await mustPing(inC, inB);
    });
    await effects.try('guest C reboots; A, B and the host go on', async (report) => {
      report(
        await undisturbed(
          [
            [inB, host],
            [inB, pf],
          ],
          async () => {
            await machineOf(inC).reboot();
            inC = await guests.vf(inC.place as GuestPlace, c!);
          },
        ),
      );
      await mustPing(inC, inB);
    });
    await effects.try('guest A, with the PF, is killed; B, C and the host go on', async (report) =>
      report(
        await undisturbed(
          [
            [inB, inC],
            [inB, host],
            [inC, host],
          ],
          async () => {
            await machineOf(pf).kill();
            await mustPing(inC, inB, 50, '-i 0.05');
          },
        ),
      ),
    );
    await effects.try('guest C comes anew while no VM has the PF', async (report) => {
      report(
        await undisturbed([[inB, host]], async () => {
          await machineOf(inC).kill();
          inC = await guests.bootVf(c!);
        }),
      );
      await mustPing(inC, inB);
    });
    let place: GuestPlace;
    await effects.try('guest A boots again, up to its drivers; B, C and the host go on', async (report) =>
      report(
        await undisturbed(
          [
            [inB, inC],
            [inB, host],
          ],
          async () => (place = await guests.power(a!)),
        ),
      ),
    );
    await effects.try('its driver takes the PF; B and C recover by themselves', async (report) => {
      pf = (await pfStations(place, a!, []))[0]!;
      report(`after ${await pingsAgain(inB, inC, recoverMs)} ms`);
      for (const to of [pf, inC, host]) await mustPing(inB, to);
    });
    await effects.try(
      'guest A is reset (system_reset); B, C and the host go on until its driver is back',
      async (report) => {
        report(
          await undisturbed(
            [
              [inB, inC],
              [inB, host],
            ],
            () => machineOf(pf).reboot(() => machineOf(pf).qmp.execute('system_reset')),
          ),
        );
        pf = (await pfStations(pf.place, a!, []))[0]!;
        await pingsAgain(inB, inC, recoverMs);
        for (const to of [pf, inC, host]) await mustPing(inB, to);
      },
    );
    // igb shuts the port down and tells the VFs so before the machine is reset.
    await effects.try('guest A reboots in good order; B and C recover by themselves', async (report) => {
      await machineOf(pf).reboot();
      report(`after ${await pingsAgain(inB, inC, recoverMs)} ms, before its driver is back`);
      pf = (await pfStations(pf.place, a!, []))[0]!;
      await pingsAgain(inB, inC, recoverMs);
      for (const to of [pf, inC, host]) await mustPing(inB, to);
    });
    effects.finish();
  },
};
