import * as http from 'node:http';
import * as https from 'node:https';
import { EFFECT_MS_MAX } from '../core/effects';
import { canonicalText } from '../core/identity';
import { type Adapter, failed, type Outcome, PERFORMED, unknown } from './adapter';

/**
 * POSTs the payload as JSON with the key as `Idempotency-Key`. On a connection of its own and with `node:http`, which tells
 * whether the connection stood: only then can anything have arrived. Redirects are not followed.
 */
export function httpAdapter(address: string, timeoutMs: number = EFFECT_MS_MAX): Adapter {
  const url = new URL(address);
  // Credentials may stand before the host and in the query.
  const target = `${url.origin}${url.pathname}`;
  return {
    target,
    repeatable: false,
    perform({ key, payload }) {
      const body = Buffer.from(canonicalText(payload));
      const headers = {
        'content-type': 'application/json',
        'content-length': body.length,
        'idempotency-key': key,
        'user-agent': 'execution-harness',
      };
      return post({ url, target, headers, body, timeoutMs });
    },
    close: async () => undefined,
  };
}

interface Post {
  readonly url: URL;
  readonly target: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
}

function post({ url, target, headers, body, timeoutMs }: Post): Promise<Outcome> {
  const isTls = url.protocol === 'https:';
  return new Promise((resolve) => {
    let connected = false;
    const request = (isTls ? https : http).request(url, { method: 'POST', headers, agent: false });
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer);
      resolve(outcome);
      // The answer's body is nobody's concern.
      request.destroy();
    };
    const timer = setTimeout(() => settle(late(target, timeoutMs, connected)), timeoutMs);
    request.once('socket', (socket) => {
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        connected = true;
      });
    });
    request.once('response', ({ statusCode = 0 }) => settle(answered(target, statusCode)));
    // `on`: the destroyed request may still report errors, which find it settled.
    request.on('error', (error: NodeJS.ErrnoException) =>
      settle(connected ? cut(target, error.code) : unreached(target, error.code)),
    );
    request.once('close', () => settle(cut(target)));
    request.end(body);
  });
}

function answered(target: string, status: number): Outcome {
  if (status >= 200 && status < 300) return PERFORMED;
  if (status >= 300 && status < 400) {
    return failed(
      `${target} answered ${status}, a redirect, which is not followed: configure the address that it leads to`,
    );
  }
  return failed(`${target} answered ${status}: see its log for the reason`);
}

function unreached(target: string, code = 'no code'): Outcome {
  return failed(`${target} cannot be reached (${code}): check the address, and that it is up`);
}

function late(target: string, timeoutMs: number, connected: boolean): Outcome {
  const waited = `${timeoutMs} ms`;
  return connected
    ? unknown(`${target} has not answered in ${waited}: it may have taken it, look there`)
    : failed(`${target} took no connection in ${waited}: check the address, and that it is up`);
}

function cut(target: string, code = 'no code'): Outcome {
  return unknown(
    `the connection to ${target} ended without an answer (${code}): it may have taken it, look there`,
  );
}
