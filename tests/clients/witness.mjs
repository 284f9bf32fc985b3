// A WebSocket class that sees the edits that are sent on it, and the answers that come back.

import WebSocket from "ws";

import { describe } from "./meaning.mjs";

const EDITS = new Set(["sync step 2", "update"]);

/** Make a class to give a Hocuspocus provider; `onEdit(message)` and `onStatus(message)` see what goes out and what comes back. */
export function witnessing({ onOpen = () => {}, onEdit, onStatus }) {
  return class WitnessedWebSocket extends WebSocket {
    constructor(...options) {
      super(...options);
      this.addEventListener("open", onOpen);
      // A provider that is destroyed while it connects takes its listeners off first; Node ends a process over an error unheard.
      this.addEventListener("error", () => {});
      this.addEventListener("message", ({ data }) => {
        const message = describe("hocuspocus", "server", new Uint8Array(data));
        if (message.type === "sync status") onStatus(message, this);
      });
    }

    send(data, ...options) {
      const message = describe("hocuspocus", "client", new Uint8Array(data));
      if (EDITS.has(message.type)) onEdit(message, this);
      super.send(data, ...options);
    }
  };
}

/** What went over one socket provider: how many sockets it opened, and for each address the edits sent, saved and refused. */
export class EditCount {
  constructor() {
    this.sockets = 0;
    this.byAddress = new Map();
    this.WebSocket = witnessing({
      onOpen: () => this.sockets++,
      onEdit: ({ address }) => this.of(address).sent++,
      onStatus: ({ address, saved }) => this.of(address)[saved ? "saved" : "refused"]++,
    });
  }

  of(address) {
    if (!this.byAddress.has(address)) this.byAddress.set(address, { sent: 0, saved: 0, refused: 0 });
    return this.byAddress.get(address);
  }
}
