"""Requests of the past, or from a file: what policies are tried on, and models asked again."""
