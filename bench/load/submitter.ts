/**
 * Who submits: a process of its own with sockets that stay open, each of which sends the next submit when the answer
 * to the one before is there. Requests are bytes made beforehand, and answers are only looked at as far as needed, so
 * that it takes little of the core that it shares with the store.
 */
import { connect } from 'node:net';

export interface SubmitWish {
  readonly port: number;
  readonly authorization: string;
  /** JSON of a submit, in which ALIAS stands for a name. */
  readonly body: string;
  readonly seconds: number;
  readonly lanes: number;
}

export interface Submitted {
  readonly ms: number[];
  /** Answers 503: the lane waits as long as the answer says. */
  readonly refused: number;
  readonly seconds: number;
  /** Of the last job. */
  readonly jobId: string;
}

const ALIAS_LENGTH = 12;
let serial = 0;

/** Submits for `seconds`, as fast as the answers come. Throws if one is refused for another reason than haste. */
async function submit(wish: SubmitWish): Promise<Submitted> {
  const [head, tail] = wish.body.split('ALIAS');
  const length = Buffer.byteLength(head + tail) + ALIAS_LENGTH;
  const headers =
    `POST /api/task/queue HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: ${wish.authorization}\r\n` +
    `content-type: application/json\r\ncontent-length: ${length}\r\nidempotency-key: `;
  const ms: number[] = [];
  const began = performance.now();
  const until = began + 1_000 * wish.seconds;
  let refused = 0;
  let jobId = '';

  const lane = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(wish.port, '127.0.0.1').setNoDelay(true);
      let answer = '';
      let sentAt = 0;
      const send = (): void => {
        if (performance.now() >= until) {
          socket.end();
          resolve();
          return;
        }
        const alias = String(++serial).padStart(ALIAS_LENGTH, '0');
        sentAt = performance.now();
        socket.write(`${headers}${process.pid}-${alias}\r\n\r\n${head}${alias}${tail}`);
      };
      socket.on('connect', send).on('error', reject);
      socket.on('data', (data) => {
        answer += data.toString('latin1');
        const end = answer.indexOf('\r\n\r\n');
        const size = /content-length: (\d+)/i.exec(answer)?.[1];
        if (end < 0 || answer.length < end + 4 + Number(size)) return;
        const whole = answer;
        answer = '';
        if (whole.startsWith('HTTP/1.1 202')) {
          ms.push(performance.now() - sentAt);
          jobId = /"jobId":"(\w+)"/.exec(whole)?.[1] ?? jobId;
          send();
        } else if (whole.startsWith('HTTP/1.1 503')) {
          refused++;
          setTimeout(send, 1_000 * Number(/retry-after: (\d+)/i.exec(whole)?.[1] ?? 1));
        } else reject(new Error(whole));
      });
    });
  await Promise.all(Array.from({ length: wish.lanes }, lane));
  return { ms, refused, seconds: (performance.now() - began) / 1_000, jobId };
}

process.once('disconnect', () => process.exit(0));
process.on('message', (wish: SubmitWish) => {
  void submit(wish).then((answer) => process.send?.(answer));
});
process.send?.({ ready: true });
