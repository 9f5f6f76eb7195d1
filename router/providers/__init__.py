"""Upstreams: the ways to models that are not ours, and to our own that are only simulated."""
