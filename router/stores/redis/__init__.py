"""Stores in Redis (or Valkey), shared by every process that uses the same server.

Without it each goes on as if it were alone: with an empty cache, and counting only its own spending.
"""
