"""What surrounds litellm: its input, its output, and its connections to the network.

Nothing here imports litellm; only `router.providers.litellm_upstream` does.
"""
