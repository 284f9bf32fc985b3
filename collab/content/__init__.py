"""What stands in a document: the CRDT's content as ProseMirror JSON, as the JSON of any Yjs document, and as plain text.

Pure and synchronous. Whoever calls this with bytes of others runs it off the event loop: a large document takes its time.
"""
