"""Collab beside its peers: the same load on each, interleaved in one run, measured at the readers and in the servers' CPU time.

::

    python -m benchmarks fanout --rounds 3 --seconds 10

`workload` prepares the edits, `dialects` says them, `clients` connects, sends and keeps what comes, `clocks` reads which edits a frame
carries, `measure` turns arrivals into figures. `processes` starts servers and reads their CPU time, `contenders` names them.
`fanout` is one measured run, `rounds` all of them, `report` the table.
"""
