// Real clients, driven from outside: one request a line on standard input, one answer a line on standard output.
//
// A request is {"id", "action", …}; its answer {"id", "result"} or {"id", "error"}. Several clients may live in one process.

import { createInterface } from "node:readline";

import * as Y from "yjs";

import { join, openSocket, until } from "./clients.mjs";
import { Typist } from "./typist.mjs";
import { EditCount } from "./witness.mjs";

console.log = console.error; // Yjs prints warnings where the answers go

const clients = new Map();
const sockets = new Map();

const textOf = (client) => client.doc.getText("text");

function present(client) {
  const states = [...client.awareness.getStates().values()];
  return states.map((state) => state.user?.name).filter((name) => name !== undefined).sort();
}

function editsOf(client) {
  return client.edits.of(client.provider.effectiveName ?? client.provider.configuration.name);
}

function stateOf(client) {
  return {
    text: textOf(client).toString(),
    length: textOf(client).length,
    connected: client.connected,
    synced: client.synced,
    present: present(client),
    clock: client.awareness.meta.get(client.doc.clientID)?.clock ?? null,
    unsynced: client.unsyncedChanges,
    unsaved: client.provider.hasUnsyncedChanges ?? null,
    unsyncedHistory: client.unsynced ?? [],
    edits: client.edits ? editsOf(client) : null,
    scopes: client.scopes ?? [],
    denied: (client.denials ?? []).length > 0,
    denials: client.denials ?? [],
    stateless: client.stateless ?? [],
    failed: client.failures > 0,
    refused: client.edits ? editsOf(client).refused > 0 : null,
    sockets: client.edits?.sockets ?? null,
  };
}

/** Whether the state has all the wanted values; a list counts as had when it is equal. */
function has(state, wanted) {
  return Object.entries(wanted).every(([key, value]) => JSON.stringify(state[key]) === JSON.stringify(value));
}

const actions = {
  open_socket({ socket, version, url }) {
    const edits = new EditCount();
    sockets.set(socket, { provider: openSocket(version, { url, webSocket: edits.WebSocket }), edits });
  },

  join({ client, version, socket, ...options }) {
    const shared = sockets.get(socket);
    const edits = version.startsWith("hocuspocus") ? (shared?.edits ?? new EditCount()) : null;
    const joined = join(version, { ...options, socket: shared?.provider, webSocket: edits?.WebSocket });
    joined.edits = edits;
    clients.set(client, joined);
  },

  insert({ client, at, text }) {
    textOf(clients.get(client)).insert(at, text);
  },

  /** Give a client all that another has, past every server. */
  hand_over({ client, to }) {
    Y.applyUpdate(clients.get(to).doc, Y.encodeStateAsUpdate(clients.get(client).doc));
  },

  /** Announce nothing any more, also not when it connects. */
  hide({ client }) {
    clients.get(client).awareness.setLocalState(null);
  },

  /** Write under an id that is another client's. */
  take_id({ client, clientId }) {
    clients.get(client).doc.clientID = clientId;
  },

  /** One update for each character, all in one turn of the loop. */
  burst({ client, text }) {
    for (const character of text) textOf(clients.get(client)).insert(textOf(clients.get(client)).length, character);
  },

  erase({ client, at, length }) {
    textOf(clients.get(client)).delete(at, length);
  },

  present({ client, name }) {
    clients.get(client).awareness.setLocalStateField("user", { name });
  },

  stateless({ client, payload }) {
    clients.get(client).provider.sendStateless(payload);
  },

  force_sync({ client }) {
    clients.get(client).provider.forceSync();
  },

  connect({ client }) {
    clients.get(client).connect();
  },

  disconnect({ client }) {
    clients.get(client).disconnect();
  },

  leave({ client }) {
    clients.get(client).close();
    clients.delete(client);
  },

  /** Try again with another token on the same socket, in one of the ways that applications do it. */
  async retry({ client, token, way }) {
    const { provider } = clients.get(client);
    clients.get(client).token = token;
    if (way === "connect") {
      provider.connect();
    } else if (way === "attach") {
      provider.detach();
      provider.attach();
    } else {
      await provider.sendToken();
      provider.startSync();
    }
  },

  state({ client }) {
    return stateOf(clients.get(client));
  },

  async until({ client, wanted, milliseconds }) {
    const joined = clients.get(client);
    const missing = () => `${JSON.stringify(wanted)}, but ${JSON.stringify(stateOf(joined)).slice(0, 2000)}`;
    await until(() => has(stateOf(joined), wanted), missing, milliseconds);
    return stateOf(joined);
  },

  start_typist({ client, ...options }) {
    clients.set(client, new Typist(options));
  },

  typist_status({ client }) {
    return clients.get(client).status();
  },

  async typist_until_cut_off({ client }) {
    const typist = clients.get(client);
    await until(() => !typist.status().connected, "the typist noticed that the server is gone");
    return typist.status();
  },

  pause_typist({ client }) {
    clients.get(client).pause();
  },

  resume_typist({ client }) {
    clients.get(client).resume();
  },

  finish_typist({ client }) {
    return clients.get(client).finish();
  },

  /** Read a document's numbers with a client that was never there before. */
  async read_numbers({ version, ...options }) {
    const reader = join(version, options);
    await until(() => reader.synced, "the reader is synced");
    const numbers = reader.doc.getArray("numbers").toArray();
    reader.close();
    return numbers;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, action, ...options } = JSON.parse(line);
  let answer;
  try {
    answer = { id, result: (await actions[action](options)) ?? null };
  } catch (error) {
    answer = { id, error: `${error.stack}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
for (const client of clients.values()) client.close();
process.exit(0);
