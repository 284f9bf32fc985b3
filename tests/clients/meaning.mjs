// What a frame says, read with lib0 itself: the other opinion that the tests hold our decoder to.

import * as decoding from "lib0/decoding";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

const SYNC_STEPS = [
  (decoder) => ({ type: "sync step 1", state_vector: hex(decoding.readVarUint8Array(decoder)) }),
  (decoder) => ({ type: "sync step 2", update: hex(decoding.readVarUint8Array(decoder)) }),
  (decoder) => ({ type: "update", update: hex(decoding.readVarUint8Array(decoder)) }),
];

const sync = (decoder) => SYNC_STEPS[decoding.readVarUint(decoder)](decoder);

function awareness(decoder) {
  const payload = decoding.createDecoder(decoding.readVarUint8Array(decoder));
  const entries = [];
  for (let left = decoding.readVarUint(payload); left > 0; left--) {
    entries.push([decoding.readVarUint(payload), decoding.readVarUint(payload), decoding.readVarString(payload)]);
  }
  return { type: "awareness", entries };
}

function authFromClient(decoder) {
  decoding.readVarUint(decoder);
  const token = decoding.readVarString(decoder);
  return { type: "authenticate", token, version: decoding.hasContent(decoder) ? decoding.readVarString(decoder) : null };
}

function authFromServer(decoder) {
  const kind = decoding.readVarUint(decoder);
  if (kind === 0) return { type: "token request" };
  if (kind === 1) return { type: "permission denied", reason: decoding.readVarString(decoder) };
  return { type: "authenticated", scope: decoding.readVarString(decoder) };
}

const HOCUSPOCUS_TYPES = {
  0: sync,
  1: awareness,
  2: (decoder, from) => (from === "client" ? authFromClient(decoder) : authFromServer(decoder)),
  3: () => ({ type: "query awareness" }),
  5: (decoder) => ({ type: "stateless", payload: decoding.readVarString(decoder) }),
  7: (decoder, from) => (from === "client" ? { type: "leave" } : { type: "close", reason: decoding.readVarString(decoder) }),
  8: (decoder) => ({ type: "sync status", saved: decoding.readVarUint(decoder) === 1 }),
};

const Y_WEBSOCKET_TYPES = { 0: sync, 1: awareness, 3: () => ({ type: "query awareness" }) };

/** Describe a frame of this dialect; `trailing` counts the bytes that its own reader leaves unread. */
export function describe(dialect, from, bytes) {
  if (dialect === "hocuspocus" && bytes.length === 1) return { type: { 9: "ping", 10: "pong" }[bytes[0]], trailing: 0 };
  const decoder = decoding.createDecoder(bytes);
  const address = dialect === "hocuspocus" ? { address: decoding.readVarString(decoder) } : {};
  const types = dialect === "hocuspocus" ? HOCUSPOCUS_TYPES : Y_WEBSOCKET_TYPES;
  const message = types[decoding.readVarUint(decoder)](decoder, from);
  return { ...address, ...message, trailing: decoder.arr.length - decoder.pos };
}
