import { HocuspocusProvider, HocuspocusProviderWebsocket, WebSocketStatus } from "@hocuspocus/provider";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { accessToken } from "../api/token.ts";
import { AnswerWatch } from "./answerWatch.ts";
import { countingSocket } from "./countingSocket.ts";
import { SaveLedger } from "./saveLedger.ts";
import type { ConnectionFacts } from "./saveState.ts";

/** The root that BlockNote keeps its blocks under. */
const FRAGMENT = "default";
const FIRST_RETRY_MS = 500;
/** Long enough not to press a server that is in trouble, short enough that nobody reloads the page for it. */
const LAST_RETRY_MS = 8_000;
/** The close code that the provider itself gives to a connection without answers. */
const NOT_ANSWERED = 4408;

export interface ConnectionState extends Omit<ConnectionFacts, "denied"> {
  /** How often the server has let us in, or told us of another role. */
  admissions: number;
  /** What the server says about writing; `undefined` before it lets us in. */
  writable: boolean | undefined;
  /** Why the server turned us away, if it did. */
  denied: string | undefined;
}

/** One document, its connection to the server, and what is known of the safety of its content. */
export class DocumentConnection {
  readonly document = new Y.Doc();
  readonly awareness: Awareness;
  private readonly ledger = new SaveLedger();
  private readonly watch = new AnswerWatch(() => this.update());
  private readonly socket: HocuspocusProviderWebsocket;
  private readonly provider: HocuspocusProvider;
  private readonly listeners = new Set<() => void>();
  private loaded = false;
  private admissions = 0;
  private writable: boolean | undefined;
  private wasWritable = false;
  private denied: string | undefined;
  private current: ConnectionState;

  constructor(name: string) {
    const changed = () => this.update();
    // Before the provider, so that an edit is entered before the frame that carries it.
    this.document.on("update", (_update: Uint8Array, origin: unknown) => {
      if (origin === this.provider) return;
      this.ledger.edited();
      changed();
    });
    this.socket = new HocuspocusProviderWebsocket({
      url: serverUrl(),
      delay: FIRST_RETRY_MS,
      minDelay: FIRST_RETRY_MS,
      maxDelay: LAST_RETRY_MS,
      WebSocketPolyfill: countingSocket(this.ledger, { changed, heard: this.heard }),
    });
    this.provider = new HocuspocusProvider({
      name,
      document: this.document,
      websocketProvider: this.socket,
      token: accessToken,
      onSynced: () => this.update({ loaded: true }),
      onAuthenticated: ({ scope }) => {
        this.admissions += 1;
        this.update({ writable: scope !== "readonly", denied: undefined });
      },
      onAuthenticationFailed: ({ reason }) => this.update({ denied: reason }),
      onStatus: changed,
      onDisconnect: () => {
        this.ledger.disconnected();
        changed();
      },
    });
    if (!this.provider.awareness) throw new Error("the provider came without awareness, expected its own");
    this.awareness = this.provider.awareness;
    this.current = this.read();
    this.provider.attach();
    window.addEventListener("offline", this.watch.suspect);
    window.addEventListener("online", this.reconnectAfresh);
    document.addEventListener("visibilitychange", this.reconnectNow);
  }

  get fragment(): Y.XmlFragment {
    return this.document.getXmlFragment(FRAGMENT);
  }

  /** What is known now; the same object until something of it changes. */
  readonly state = (): ConnectionState => this.current;

  readonly subscribe = (changed: () => void): (() => void) => {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  };

  /** Asks to be let in once more, with everything that was written meanwhile. */
  readonly retry = (): void => {
    // A socket that closes is opened anew by the provider.
    if (this.socket.status === WebSocketStatus.Connected) this.socket.webSocket?.close();
    else void this.socket.connect();
  };

  close(): void {
    window.removeEventListener("offline", this.watch.suspect);
    window.removeEventListener("online", this.reconnectAfresh);
    document.removeEventListener("visibilitychange", this.reconnectNow);
    this.listeners.clear();
    this.watch.stop();
    this.provider.destroy();
    this.socket.destroy();
    this.document.destroy();
  }

  /** Does not wait for the next retry once there is reason to believe that it will succeed. */
  private readonly reconnectNow = () => {
    const idle = this.socket.status === WebSocketStatus.Disconnected;
    if (idle && document.visibilityState === "visible") void this.socket.connect();
  };

  /** Takes up the network that is back, and waits neither for a retry nor for a socket that may have died with the old network. */
  private readonly reconnectAfresh = () => {
    if (this.socket.status === WebSocketStatus.Connected) {
      if (!this.watch.silent) return;
      // `close()` alone would wait for the answer of a server that this socket does not reach any more.
      this.socket.webSocket?.dispatchEvent(new CloseEvent("close", { code: NOT_ANSWERED }));
    }
    void this.socket.connect();
  };

  private readonly heard = () => {
    this.watch.heard();
    this.update();
  };

  private update(facts: { loaded?: true; writable?: boolean; denied?: string | undefined } = {}): void {
    if (facts.loaded) this.loaded = true;
    if (facts.writable !== undefined) this.writable = facts.writable;
    if (facts.writable) this.wasWritable = true;
    if ("denied" in facts) this.denied = facts.denied;
    this.watch.expect(this.ledger.awaiting);
    const next = this.read();
    if (sameState(this.current, next)) return;
    this.current = next;
    for (const listener of this.listeners) listener();
  }

  private read(): ConnectionState {
    const connected = this.socket.status === WebSocketStatus.Connected;
    return {
      loaded: this.loaded,
      synced: connected && this.provider.synced && !this.watch.silent,
      settled: this.ledger.settled,
      // What a reader's editor tidies up by itself is no loss when it is refused.
      refused: this.ledger.refused && this.wasWritable,
      unsaved: this.ledger.pending > 0 && this.loaded,
      admissions: this.admissions,
      writable: this.writable,
      denied: this.denied,
    };
  }
}

function sameState(a: ConnectionState, b: ConnectionState): boolean {
  return (Object.keys(a) as (keyof ConnectionState)[]).every((key) => a[key] === b[key]);
}

function serverUrl(): string {
  const scheme = window.location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${window.location.host}/hocuspocus`;
}
