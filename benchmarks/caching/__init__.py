"""Whose cache tells requests apart, and what a hit is worth."""
