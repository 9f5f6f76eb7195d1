"""Several worker processes at one address, and the process that looks after them.

`farthing serve` with more than one worker reads the files, opens the address, and then becomes the
supervisor: a small process that knows nothing of models. It starts each worker as a separate
program, which reads the files itself, so that a new one is entirely new: its configuration, its keys,
its code.
"""
