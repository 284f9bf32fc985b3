import { useEffect, useState, useSyncExternalStore } from "react";
import type { ConnectionState, DocumentConnection } from "./connection.ts";
import { acquireConnection, releaseConnection } from "./openConnections.ts";

const NOT_OPEN: ConnectionState = {
  loaded: false,
  synced: false,
  settled: false,
  refused: false,
  unsaved: false,
  admissions: 0,
  writable: undefined,
  denied: undefined,
};

/** Holds a document open for as long as the component is mounted. */
export function useConnection(name: string): DocumentConnection | undefined {
  const [connection, setConnection] = useState<DocumentConnection>();
  useEffect(() => {
    setConnection(acquireConnection(name));
    return () => {
      setConnection(undefined);
      releaseConnection(name);
    };
  }, [name]);
  return connection;
}

export function useConnectionState(connection: DocumentConnection | undefined): ConnectionState {
  return useSyncExternalStore(connection?.subscribe ?? neverChanges, connection?.state ?? notOpen);
}

const neverChanges = () => () => {};
const notOpen = () => NOT_OPEN;
