// Record what real clients and real servers say to each other: node tests/clients/recorder/record.mjs tests/protocol/vectors
//
// One file for each client version. Client ids are fixed, so a second run writes the same bytes.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join as joinPath } from "node:path";

import { join, openSocket, until } from "../clients.mjs";
import { describe } from "../meaning.mjs";
import { start } from "./servers.mjs";

const SERVERS = { hocuspocus: "@hocuspocus/server", "y-websocket": "@y/websocket-server" };
const PACKAGES = {
  "hocuspocus-v2": "hocuspocus-provider-v2",
  "hocuspocus-v3": "hocuspocus-provider-v3",
  "hocuspocus-v4": "hocuspocus-provider-v4",
  "y-websocket-v2": "y-websocket-v2",
  "y-websocket-v3": "y-websocket-v3",
};
const DOCUMENT = "notes/Tagebuch";
const ADA = 1001;
const GRACE = 4_000_000_007;
const READER = 77;

const nameOf = (clientId) => ({ [ADA]: "Ada", [GRACE]: "Grace Höpper 🛳", [READER]: "Reader" })[clientId];
const textOf = (client) => client.doc.getText("text");

class Recording {
  constructor(dialect) {
    this.dialect = dialect;
    this.step = "";
    this.frames = [];
    this.lastFrameAt = 0;
  }

  add(socket, from, bytes) {
    this.lastFrameAt = Date.now();
    const message = describe(this.dialect, from, bytes);
    this.frames.push({ step: this.step, socket, from, message, hex: Buffer.from(bytes).toString("hex") });
  }

  /** Do one thing, and wait until nobody has said anything for a while. */
  async during(step, action) {
    this.step = step;
    const result = await action();
    this.lastFrameAt = Date.now();
    await until(() => Date.now() - this.lastFrameAt > 150, `silence after ${step}`);
    return result;
  }
}

async function talkAboutOneDocument(recording, server, connect) {
  const ada = await recording.during("the first client connects", () => connect(ADA));
  await until(() => ada.synced, "the first client is synced");
  await recording.during("it sets its presence", () => ada.awareness.setLocalState({ user: { name: nameOf(ADA) } }));
  await recording.during("it types", () => textOf(ada).insert(0, "Hello, wörld"));
  await recording.during("it deletes", () => textOf(ada).delete(0, 7));
  const grace = await recording.during("a second client connects", () => connect(GRACE));
  await until(() => textOf(grace).toString() === "wörld", "the second client has the text");
  await recording.during("the second sets its presence", () =>
    grace.awareness.setLocalState({ user: { name: nameOf(GRACE) }, cursor: { anchor: 1, head: 2 } }),
  );
  await recording.during("the second pastes more than one length byte can tell", () =>
    textOf(grace).insert(5, "\n" + "line of text ".repeat(20)),
  );
  await until(() => textOf(ada).length === textOf(grace).length, "both have the same text");
  const question = recording.dialect === "hocuspocus" ? [DOCUMENT.length, ...Buffer.from(DOCUMENT), 3] : [3];
  await recording.during("the server asks the first who is there", () => server.say(1, question));
  return [ada, grace];
}

async function talkHocuspocus(recording, server, version) {
  const connect = (clientId, token = "secret token") =>
    join(version, { url: server.url, document: DOCUMENT, token, clientId });
  const [ada, grace] = await talkAboutOneDocument(recording, server, connect);
  await recording.during("the first sends a stateless message", () => ada.provider.sendStateless('{"ping":"ü"}'));
  await recording.during("the first is told to sync again", () => ada.provider.forceSync());
  if (version !== "hocuspocus-v2") {
    await recording.during("the server asks the first for its token", () =>
      server.say(1, [DOCUMENT.length, ...Buffer.from(DOCUMENT), 2, 0]),
    );
  }
  if (version === "hocuspocus-v4") {
    await recording.during("the server pings the first", () => server.say(1, [9]));
  }
  const reader = await recording.during("a reader connects", () => connect(READER, "reader"));
  await recording.during("the reader types", () => textOf(reader).insert(0, "x"));
  const stranger = await recording.during("somebody connects with a wrong token", () => connect(5, "wrong"));
  for (const client of [stranger, reader, grace, ada]) {
    await recording.during(`client ${client.doc.clientID} leaves`, () => client.close());
  }
  if (version === "hocuspocus-v2") {
    const guest = await recording.during("a guest without a token connects", () => connect(8, null));
    guest.close();
  }
  if (version === "hocuspocus-v4") await talkOnSharedSocket(recording, server, version);
}

async function talkOnSharedSocket(recording, server, version) {
  const socket = openSocket(version, { url: server.url });
  const clients = await recording.during("two sessions of one document share a socket", () =>
    ["k3x9", "p07q"].map((sessionId, index) =>
      join(version, { document: "märz plan", token: "secret token", clientId: 200 + index, socket, sessionId }),
    ),
  );
  await recording.during("one session types", () => textOf(clients[0]).insert(0, "€"));
  for (const client of clients) await recording.during("a session leaves", () => client.close());
  socket.destroy();
}

async function talkYWebsocket(recording, server, version) {
  const connect = (clientId) => join(version, { url: server.url, document: DOCUMENT, token: "secret token", clientId });
  const [ada, grace] = await talkAboutOneDocument(recording, server, connect);
  await recording.during("the second disconnects", () => grace.disconnect());
  await recording.during("the second types while it is away", () => textOf(grace).insert(0, "again: "));
  await recording.during("the second connects again", () => grace.connect());
  for (const client of [grace, ada]) {
    await recording.during(`client ${client.doc.clientID} leaves`, () => client.close());
  }
}

/** The name and version of an installed package; not every package lets its manifest be imported. */
function installed(name) {
  const folder = createRequire(import.meta.url).resolve.paths(name).map((path) => joinPath(path, name, "package.json"));
  for (const path of folder) {
    try {
      const manifest = JSON.parse(readFileSync(path, "utf8"));
      return `${manifest.name} ${manifest.version}`;
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
  }
  throw new Error(`${name} is not installed`);
}

const [target] = process.argv.slice(2);
for (const [version, packageName] of Object.entries(PACKAGES)) {
  const dialect = version.startsWith("hocuspocus") ? "hocuspocus" : "y-websocket";
  const recording = new Recording(dialect);
  const server = await start(dialect, (...frame) => recording.add(...frame));
  await (dialect === "hocuspocus" ? talkHocuspocus : talkYWebsocket)(recording, server, version);
  server.stop();
  const head = { dialect, client: installed(packageName), server: installed(SERVERS[dialect]) };
  const lines = recording.frames.map((frame) => `    ${JSON.stringify(frame)}`);
  const text = `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "frames": [\n${lines.join(",\n")}\n  ]\n}\n`;
  writeFileSync(joinPath(target, `${version}.json`), text);
  console.log(`${version}: ${recording.frames.length} frames`);
}
process.exit(0);
