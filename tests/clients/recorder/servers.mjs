// The real servers, each behind a raw WebSocket server that shows every frame, both ways, to a listener.

import { once } from "node:events";

import { Hocuspocus } from "@hocuspocus/server";
import { docs, setupWSConnection } from "@y/websocket-server/utils";
import { WebSocketServer } from "ws";

/** Read-only for a token that says so, nothing for one that is wrong, everything for any other. */
async function authenticate({ token, connectionConfig }) {
  if (token === "wrong") throw new Error("refused");
  if (token === "reader") connectionConfig.readOnly = true;
}

function attachHocuspocus() {
  const server = new Hocuspocus({
    quiet: true,
    onAuthenticate: authenticate,
    onStateless: async ({ document, payload }) => document.broadcastStateless(payload),
  });
  return (socket, request, send) => {
    const like = {
      send,
      close: (code, reason) => socket.close(code, reason),
      get readyState() {
        return socket.readyState;
      },
    };
    const connection = server.handleConnection(like, new Request(`http://localhost${request.url}`));
    socket.on("message", (bytes) => {
      // Version 4.7.0 knows no pong, and closes the socket when one comes.
      if (bytes.length > 1) connection.handleMessage(new Uint8Array(bytes));
    });
    socket.on("close", (code, reason) => connection.handleClose({ code, reason: reason.toString() }));
  };
}

function attachYWebsocket() {
  docs.clear();
  return (socket, request, send) => {
    socket.send = send;
    setupWSConnection(socket, request);
  };
}

/** Start the server of a dialect; `listener(socketNumber, from, bytes)` sees every frame. */
export async function start(dialect, listener) {
  const attach = dialect === "hocuspocus" ? attachHocuspocus() : attachYWebsocket();
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  const senders = [];
  server.on("connection", (socket, request) => {
    const number = senders.length + 1;
    const raw = socket.send.bind(socket);
    const send = (bytes) => {
      if (socket.readyState !== socket.OPEN) return;
      listener(number, "server", new Uint8Array(bytes));
      raw(bytes);
    };
    senders.push(send);
    socket.on("message", (bytes) => listener(number, "client", new Uint8Array(bytes)));
    attach(socket, request, send);
  });
  await once(server, "listening");
  return {
    url: `ws://127.0.0.1:${server.address().port}`,
    /** Say something to the socket of this number that the real server would not say by itself. */
    say: (number, bytes) => senders[number - 1](Uint8Array.from(bytes)),
    stop() {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}
