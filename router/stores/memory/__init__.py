"""Stores that live in this process: for a single process, for dry runs, and for tests."""
