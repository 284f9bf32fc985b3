"""Collab beside its peers: the same load on each, interleaved in one run, measured at the readers and in the servers' CPU time.

::

    python -m benchmarks fanout --rounds 3 --seconds 10

`workload` prepares the edits, `dialects` says them, `clients` connects, sends and receives, `clocks` reads which edits a frame carries,
`processes` starts servers and reads their CPU time, `contenders` names them, `fanout` is one measured run, `report` the table.
"""
