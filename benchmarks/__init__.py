"""Collab beside its peers: the same load on each, interleaved in one run, measured at the readers and in the servers' CPU time.

::

    python -m benchmarks fanout --rounds 3 --seconds 10

`workload` prepares the edits, `dialects` says them, `clients` connects, sends and keeps what comes, `clocks` reads which edits a frame
carries, `measure` turns arrivals into figures. `processes` starts servers and reads their CPU time and memory, `contenders` names them,
`usage` says what a stretch of time took. `comparisons` lists what is compared; `rounds` tries it on all contenders in turn, `report`
makes the table and `charts` the picture. `growth` tries ours at points that lie further and further apart.
"""
