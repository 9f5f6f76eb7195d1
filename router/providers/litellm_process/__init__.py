"""litellm in a separate process, so that its computing keeps nobody else waiting.

`child` runs there, `process` keeps it running, `processes` several of them, `upstream` asks it, and `wording` is
their protocol.
"""
