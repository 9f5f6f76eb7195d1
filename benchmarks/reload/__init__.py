"""A policy is rewritten again and again while a thousand streams are in progress."""
