// The five client versions behind one shape, so that a script need not know which of them it drives.

import * as hocuspocusV2 from "hocuspocus-provider-v2";
import * as hocuspocusV3 from "hocuspocus-provider-v3";
import * as hocuspocusV4 from "hocuspocus-provider-v4";
import WebSocket from "ws";
import { WebsocketProvider as YWebsocketV2 } from "y-websocket-v2";
import { WebsocketProvider as YWebsocketV3 } from "y-websocket-v3";
import * as Y from "yjs";

const HOCUSPOCUS = { "hocuspocus-v2": hocuspocusV2, "hocuspocus-v3": hocuspocusV3, "hocuspocus-v4": hocuspocusV4 };
const Y_WEBSOCKET = { "y-websocket-v2": YWebsocketV2, "y-websocket-v3": YWebsocketV3 };

/** A document with a given client id, so that its updates are the same bytes in every run. */
function newDocument(clientId) {
  const doc = new Y.Doc();
  if (clientId !== undefined) doc.clientID = clientId;
  return doc;
}

/** One WebSocket for Hocuspocus providers; several documents may share it. */
export function openSocket(version, { url, webSocket = WebSocket, ...options }) {
  const { HocuspocusProviderWebsocket } = HOCUSPOCUS[version];
  return new HocuspocusProviderWebsocket({
    url,
    WebSocketPolyfill: webSocket,
    delay: 100,
    maxDelay: 300,
    minDelay: 0,
    ...options,
  });
}

class HocuspocusClient {
  constructor(version, { url, document, token = null, clientId, socket, webSocket, sessionId }) {
    this.version = version;
    this.doc = newDocument(clientId);
    this.ownsSocket = socket === undefined;
    this.socket = socket ?? openSocket(version, { url, webSocket });
    this.token = token;
    this.denials = [];
    this.scopes = [];
    this.stateless = [];
    this.unsynced = [];
    this.provider = new HOCUSPOCUS[version].HocuspocusProvider({
      name: document,
      document: this.doc,
      token: token === null ? null : () => this.token,
      websocketProvider: this.socket,
      preserveConnection: !this.ownsSocket,
      broadcast: false,
      ...(sessionId === undefined ? {} : { sessionAwareness: true }),
      onAuthenticationFailed: ({ reason }) => this.denials.push(reason),
      onAuthenticated: () => this.scopes.push(this.provider.authorizedScope),
      onStateless: ({ payload }) => this.stateless.push(payload),
    });
    this.provider.on("unsyncedChanges", (event) => this.unsynced.push(event.number ?? event));
    if (sessionId !== undefined) this.provider.sessionId = sessionId;
    this.provider.attach?.();
  }

  get awareness() {
    return this.provider.awareness;
  }

  get synced() {
    return this.provider.synced;
  }

  get connected() {
    return this.socket.status === "connected";
  }

  get unsyncedChanges() {
    return this.provider.unsyncedChanges;
  }

  disconnect() {
    this.socket.disconnect();
  }

  connect() {
    return this.socket.connect();
  }

  /** Leave the document, and close the socket if no other document shares it. */
  close() {
    this.provider.destroy();
    if (this.ownsSocket) this.socket.destroy();
  }
}

class YWebsocketClient {
  constructor(version, { url, document, token = null, clientId, webSocket = WebSocket }) {
    this.version = version;
    this.doc = newDocument(clientId);
    this.provider = new Y_WEBSOCKET[version](url, document, this.doc, {
      params: token === null ? {} : { token },
      WebSocketPolyfill: webSocket,
      disableBc: true,
      maxBackoffTime: 300,
    });
    this.failures = 0;
    this.provider.on("connection-error", () => this.failures++);
  }

  get awareness() {
    return this.provider.awareness;
  }

  get synced() {
    return this.provider.synced;
  }

  get connected() {
    return this.provider.wsconnected;
  }

  /** The dialect knows no acknowledgement. */
  get unsyncedChanges() {
    return null;
  }

  disconnect() {
    this.provider.disconnect();
  }

  connect() {
    this.provider.connect();
  }

  close() {
    this.provider.destroy();
    this.awareness.destroy();
  }
}

/**
 * Join a document as a real client does.
 *
 * `options`: `url`, `document` (its name), and optionally `token`, `clientId`, `webSocket` (the class to connect with) and, for
 * Hocuspocus, `socket` (one of `openSocket`, to share) and, from version 4 on, `sessionId` (which turns `sessionAwareness` on).
 */
export function join(version, options) {
  if (version in HOCUSPOCUS) return new HocuspocusClient(version, options);
  if (version in Y_WEBSOCKET) return new YWebsocketClient(version, options);
  throw new Error(`no client is called ${version}`);
}

/** Wait until a condition holds. Everything a client does happens in this process, so a short poll misses nothing. */
export async function until(condition, what, milliseconds = 20_000) {
  const deadline = Date.now() + milliseconds;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`after ${milliseconds} ms still not: ${typeof what === "function" ? what() : what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
