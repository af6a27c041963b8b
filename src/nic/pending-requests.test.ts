import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PendingRequests } from './pending-requests.ts';

test('each answer goes to who asked, in any order; a refusal keeps its code', async () => {
  const pending = new PendingRequests();
  const numbers: number[] = [];
  const ask = (): Promise<unknown> => pending.make((request) => numbers.push(request));
  const [first, second, third] = [ask(), ask(), ask()];
  pending.answered(numbers[1]!, 'two');
  pending.refused(numbers[2]!, { code: 'NO_SUCH_VF', message: 'there is no VF 9' });
  pending.answered(numbers[0]!, 'one');
  pending.answered(numbers[0]!, 'again');
  assert.deepEqual(await Promise.all([first, second]), ['one', 'two']);
  await assert.rejects(third, { name: 'NicError', code: 'NO_SUCH_VF', message: 'there is no VF 9' });
});

test('who asks a NIC that has ended is told so', async () => {
  const pending = new PendingRequests();
  const waiting = pending.make(() => undefined);
  pending.end();
  await assert.rejects(waiting, { code: 'NIC_ENDED' });
  await assert.rejects(
    pending.make(() => assert.fail('nothing is sent')),
    { code: 'NIC_ENDED' },
  );
});
