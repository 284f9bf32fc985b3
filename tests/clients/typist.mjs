// A real provider that types numbers, and keeps a record of which of them the server has acknowledged.

import { join, until } from "./clients.mjs";
import { witnessing } from "./witness.mjs";

export class Typist {
  constructor({ perSecond, ...options }) {
    this.typed = 0;
    this.acknowledged = 0;
    this.acknowledgedAlone = new Set();
    this.numberOf = new Map();
    this.waiting = new Map();
    const webSocket = witnessing({
      onEdit: (message, socket) => this.#sent(message, socket),
      onStatus: (message, socket) => this.#answered(message, socket),
    });
    this.client = join(options.version, { ...options, webSocket });
    this.numbers = this.client.doc.getArray("numbers");
    this.client.doc.on("update", (update, origin) => {
      if (origin !== this.client.provider) this.numberOf.set(Buffer.from(update).toString("hex"), this.typed);
    });
    this.#start(perSecond);
  }

  #start(perSecond) {
    this.perSecond = perSecond;
    const from = Date.now();
    let done = 0;
    this.timer = setInterval(() => {
      const due = Math.floor(((Date.now() - from) * perSecond) / 1000);
      for (; done < due; done++) this.#type();
    }, 5);
  }

  #type() {
    this.typed++;
    this.numbers.push([this.typed]);
  }

  /** What an edit will acknowledge: one number, or, in the step 2 of a new connection, all that were typed before it. */
  #sent({ type, update }, socket) {
    if (!this.waiting.has(socket)) this.waiting.set(socket, []);
    this.waiting.get(socket).push(type === "update" ? { update } : { upTo: this.typed });
  }

  /**
   * Answers come in the order of the edits on one socket.
   *
   * After a reconnection an update may be acknowledged before the ones it builds on, which died with the old connection and come
   * again in the step 2. Nobody can see it until then; so `acknowledged` is the last number before which none is missing.
   */
  #answered({ saved }, socket) {
    const { update, upTo } = this.waiting.get(socket).shift();
    if (!saved) return;
    if (update === undefined) this.acknowledged = Math.max(this.acknowledged, upTo);
    else this.acknowledgedAlone.add(this.numberOf.get(update));
    while (this.acknowledgedAlone.delete(this.acknowledged + 1)) this.acknowledged++;
  }

  status() {
    const { typed, acknowledged, client } = this;
    return { typed, acknowledged, connected: client.connected, unsynced: client.unsyncedChanges };
  }

  /** Stop typing and stay away from the server. */
  pause() {
    clearInterval(this.timer);
    this.client.disconnect();
  }

  resume() {
    this.client.connect();
    this.#start(this.perSecond);
  }

  /** Stop typing, and stay until everything is acknowledged. */
  async finish() {
    clearInterval(this.timer);
    await until(() => this.acknowledged === this.typed, () => JSON.stringify(this.status()));
  }

  close() {
    clearInterval(this.timer);
    this.client.close();
  }
}
