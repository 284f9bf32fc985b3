"""What unmodified Yjs clients say on the wire: lib0 values, messages, and one codec for each dialect.

Nothing here knows of sockets, documents or time; everything takes bytes or values and returns the other.
"""
