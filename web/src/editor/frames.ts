import { createDecoder, readVarString, readVarUint } from "lib0/decoding";

/** What a Hocuspocus frame means to the save state. */
export type FrameMeaning = "step2" | "update" | "applied" | "refused" | "other";

const SYNC = 0;
const SYNC_STATUS = 8;
const STEP2 = 1;
const UPDATE = 2;

/** Reads the head of a frame: `varString address · varUint type · payload`. A frame that cannot be read means nothing here. */
export function meaningOf(frame: Uint8Array): FrameMeaning {
  try {
    const decoder = createDecoder(frame);
    readVarString(decoder);
    const type = readVarUint(decoder);
    if (type === SYNC_STATUS) return readVarUint(decoder) === 1 ? "applied" : "refused";
    if (type !== SYNC) return "other";
    const subtype = readVarUint(decoder);
    if (subtype === STEP2) return "step2";
    return subtype === UPDATE ? "update" : "other";
  } catch {
    return "other";
  }
}
