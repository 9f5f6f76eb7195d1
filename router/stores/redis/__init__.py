"""Stores in Redis (or Valkey), shared by every process that uses the same server.

Without it each goes on as the process alone would: an empty cache, a wall of its own.
"""
