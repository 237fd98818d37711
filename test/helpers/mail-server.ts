/** A mail server: real SMTP on loopback, which keeps what it was given and answers as a test wants. */
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface ReceivedMail {
  readonly from: string;
  readonly to: string[];
  /** Headers in lower case. */
  readonly headers: Record<string, string>;
  readonly text: string;
  readonly login: string | undefined;
}

export interface MailServer {
  readonly url: string;
  readonly received: ReceivedMail[];
  /** How it answers the next messages, in turn: at RCPT or at the end of DATA; then it takes them. */
  readonly answers: { at: 'RCPT' | 'DATA'; line: string }[];
}

/** Starts the server. */
export async function startMailServer(t: { teardown(fn: () => unknown): unknown }): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const answers: MailServer['answers'] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    serve(socket, received, answers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, received, answers };
}

function serve(socket: Socket, received: ReceivedMail[], answers: MailServer['answers']): void {
  const say = (line: string): void => void socket.write(`${line}\r\n`);
  let buffer = '';
  let from = '';
  let to: string[] = [];
  let login: string | undefined;
  let data: string[] | undefined;

  function command(line: string): void {
    const [verb] = line.toUpperCase().split(/[ :]/);
    const address = /<([^>]*)>/.exec(line)?.[1] ?? '';
    if (verb === 'EHLO') say('250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN');
    else if (verb === 'AUTH') {
      login = Buffer.from(line.split(' ')[2], 'base64').toString().split('\0').slice(1).join(':');
      say('235 welcome');
    } else if (verb === 'MAIL') {
      from = address;
      to = [];
      say('250 sender');
    } else if (verb === 'RCPT') {
      to.push(address);
      say(answers[0]?.at === 'RCPT' ? (answers.shift()?.line ?? '') : '250 recipient');
    } else if (verb === 'DATA') {
      data = [];
      say('354 go on');
    } else if (verb === 'QUIT') {
      say('221 bye');
      socket.end();
    } else say('502 unknown');
  }

  function content(line: string): void {
    if (line !== '.') {
      data?.push(line.replace(/^\./, ''));
      return;
    }
    const refusal = answers[0]?.at === 'DATA' ? answers.shift() : undefined;
    if (!refusal) received.push({ from, to, login, ...parsed(data ?? []) });
    data = undefined;
    say(refusal?.line ?? '250 taken');
  }

  say('220 mail.test');
  socket.on('error', () => socket.destroy());
  socket.setEncoding('utf8').on('data', (piece: string) => {
    buffer += piece;
    const lines = buffer.split('\r\n');
    buffer = lines.pop() ?? '';
    for (const line of lines) data ? content(line) : command(line);
  });
}

function parsed(lines: string[]): Pick<ReceivedMail, 'headers' | 'text'> {
  const end = lines.indexOf('');
  const unfolded = lines
    .slice(0, end)
    .join('\n')
    .replace(/\n[ \t]+/g, ' ')
    .split('\n');
  const headers = Object.fromEntries(
    unfolded.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 2),
    ]),
  );
  const body = lines.slice(end + 1).join('\n');
  const isQuoted = headers['content-transfer-encoding'] === 'quoted-printable';
  const text = isQuoted
    ? body
        .replace(/=\n/g, '')
        .replace(/=([0-9A-F]{2})/g, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    : body.replace(/ \n/g, ' ');
  return { headers, text };
}
