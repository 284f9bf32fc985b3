import { meaningOf } from "./frames.ts";
import type { SaveLedger } from "./saveLedger.ts";

interface Reports {
  /** The ledger has another entry. */
  changed: () => void;
  /** Anything at all came from the server; what it means is in the ledger already. */
  heard: () => void;
}

/** A `WebSocket` class whose sockets enter into the ledger what they send and receive; only the newest of them counts. */
export function countingSocket(ledger: SaveLedger, { changed, heard }: Reports): typeof WebSocket {
  let newest: WebSocket | undefined;

  return class CountingSocket extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      newest = this;
      ledger.disconnected();
      this.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
        if (newest !== this || !(data instanceof ArrayBuffer)) return;
        const meaning = meaningOf(new Uint8Array(data));
        if (meaning === "applied" || meaning === "refused") ledger.answered(meaning === "applied");
        heard();
      });
    }

    override send(data: string | BufferSource | Blob): void {
      super.send(data);
      if (newest !== this || !(data instanceof Uint8Array)) return;
      const meaning = meaningOf(data);
      if (meaning === "step2") ledger.sentStep2();
      else if (meaning === "update") ledger.sentUpdate();
      else return;
      changed();
    }
  };
}
