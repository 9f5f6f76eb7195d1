"""A policy is rewritten again and again while a thousand streams are under way."""
