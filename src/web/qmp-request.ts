/** `POST /qmp`: objects of QMP in, their answers out, a line each. A session of the monitor's that needs no negotiation. */
import { monitorSession } from '../monitor/qmp-session.ts';
import type { MonitorContext } from '../monitor/context.ts';

/** Characters of all answers to one request. */
const LIMIT = 4 << 20;
const tooLong = JSON.stringify({
  error: { class: 'GenericError', desc: `the answers would have more than ${LIMIT} characters: ask for less at once` },
});

/** Resolves to the answers; never rejects. */
export function answerQmp(context: MonitorContext, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answers = '';
    const session = monitorSession(context, {
      negotiated: true,
      send: (answer) => {
        answers += answer;
        if (answers.length > LIMIT) resolve(`${tooLong}\r\n`);
      },
      mayGo: () => answers.length <= LIMIT,
      idle: () => resolve(answers),
    });
    // What is no object ends with its line.
    session.received(`${text}\n`);
  });
}
