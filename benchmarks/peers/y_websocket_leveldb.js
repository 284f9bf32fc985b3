// Starts @y/websocket-server with LevelDB, bound as in the server's earlier releases and YPERSISTENCE: HOST=… PORT=… node y_websocket_leveldb.js DIRECTORY
import { setPersistence } from '@y/websocket-server/utils'
import { LeveldbPersistence } from 'y-leveldb'
import * as Y from 'yjs'

const store = new LeveldbPersistence(process.argv[2])
setPersistence({
  provider: store,
  bindState: async (name, document) => {
    const stored = await store.getYDoc(name)
    store.storeUpdate(name, Y.encodeStateAsUpdate(document))
    Y.applyUpdate(document, Y.encodeStateAsUpdate(stored))
    document.on('update', (update) => store.storeUpdate(name, update))
  },
  writeState: async () => {},
})
await import('@y/websocket-server/server')
