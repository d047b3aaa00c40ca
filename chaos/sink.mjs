// Where people are told of halts: an address that takes every notice, and keeps what it took.
import { once } from 'node:events';
import { createServer } from 'node:http';

/** `{address, taken: [{cycle_id, halt_id, notice}], close()}` */
export async function openSink() {
  const taken = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const { cycle_id, halt_id, notice } = JSON.parse(text);
    taken.push({ cycle_id, halt_id, notice });
    response.writeHead(200).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    taken,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
