"""What goes on in a room where a document is edited: pure and synchronous, with time as a parameter.

Nothing here awaits, reads a clock, touches a socket or logs; the hub does.
"""
