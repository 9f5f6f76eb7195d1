"""litellm in a separate process, so that its computing keeps nobody else waiting.

`child` runs there, `litellm_process` keeps it running, `litellm_processes` several of them, `upstream` asks it, and `wording` is their
protocol.
"""
