// A TCP proxy on 127.0.0.1 that can be told to misbehave: it delays, cuts, goes silent, and lets connections through in another
// order than they came. It corrupts nothing.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** How long connections are collected before they are let through, the last one first. */
const COLLECT_MS = 300;

/** @returns `{port, delay(ms), cut(), hole(), reorder(), heal(), close()}`; each holds until `heal` */
export async function openProxy(targetPort) {
  const pairs = new Set();
  let mode = 'fine';
  let delayMs = 0;
  let waiting = [];

  const server = createServer((near) => {
    near.on('error', () => near.destroy());
    if (mode === 'cut') near.destroy();
    else if (mode === 'reorder') collect(near);
    else join(near);
  });

  function collect(near) {
    waiting.push(near);
    if (waiting.length === 1)
      setTimeout(() => {
        for (const socket of waiting.toReversed()) if (!socket.destroyed) join(socket);
        waiting = [];
      }, COLLECT_MS);
  }

  function join(near) {
    const far = connect(targetPort, '127.0.0.1');
    const pair = { near, far };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', end).on('close', end);
    }
    carry(near, far);
    carry(far, near);
    if (mode === 'hole') silence(pair);
  }

  /** In order, whatever the delay: one timer's chunk never overtakes another's. */
  function carry(from, to) {
    let last = Promise.resolve();
    from.on('data', (chunk) => {
      if (delayMs === 0 && mode !== 'delay') {
        last = last.then(() => void (to.destroyed || to.write(chunk)));
        return;
      }
      const due = new Promise((resolve) => setTimeout(resolve, delayMs));
      last = Promise.all([last, due]).then(() => void (to.destroyed || to.write(chunk)));
    });
  }

  /** Both ends believe that they are connected. */
  function silence({ near, far }) {
    near.pause();
    far.pause();
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    delay(ms) {
      [mode, delayMs] = ['delay', ms];
    },
    cut() {
      mode = 'cut';
      for (const { near } of pairs) near.destroy();
    },
    hole() {
      mode = 'hole';
      for (const pair of pairs) silence(pair);
    },
    reorder() {
      mode = 'reorder';
      for (const { near } of pairs) near.destroy();
    },
    heal() {
      [mode, delayMs] = ['fine', 0];
      for (const { near, far } of pairs) {
        near.resume();
        far.resume();
      }
    },
    async close() {
      for (const { near } of pairs) near.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
