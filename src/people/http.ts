import * as http from 'node:http';
import * as https from 'node:https';
import type { NoticeBody } from '../core/notice';

/** A sink that has not answered by then is asked again later. */
const ANSWER_MS = 5_000;

interface Post {
  readonly url: URL;
  readonly label: string;
  readonly notice: NoticeBody;
  /** The same for every attempt of one notice: a sink that knows it shows the notice once. */
  readonly key: string;
  readonly stop: AbortSignal;
  readonly answerMs?: number;
}

/** POSTs the notice as JSON; 2xx is delivered. Redirects are not followed, the answer's body is not read. */
export function postNotice(post: Post): Promise<string | null> {
  const { url, label, notice, key, stop, answerMs = ANSWER_MS } = post;
  const body = Buffer.from(JSON.stringify(notice));
  const headers = {
    'content-type': 'application/json',
    'content-length': body.length,
    'idempotency-key': key,
    'user-agent': 'execution-harness',
  };
  return new Promise((resolve) => {
    const send = url.protocol === 'https:' ? https.request : http.request;
    const request = send(url, { method: 'POST', headers, agent: false });
    const settle = (problem: string | null): void => {
      clearTimeout(timer);
      stop.removeEventListener('abort', stopped);
      resolve(problem);
      request.destroy();
    };
    const stopped = (): void => settle(`${label} was not waited for any longer`);
    const timer = setTimeout(() => settle(`${label} has not answered in ${answerMs} ms`), answerMs);
    stop.addEventListener('abort', stopped);
    request.once('response', ({ statusCode = 0 }) =>
      settle(statusCode >= 200 && statusCode < 300 ? null : `${label} answered ${statusCode}`),
    );
    // `on`: the destroyed request may still report errors, which find it settled.
    request.on('error', (error: NodeJS.ErrnoException) =>
      settle(`${label} cannot be reached (${error.code ?? 'no code'})`),
    );
    request.end(body);
    if (stop.aborted) stopped();
  });
}
