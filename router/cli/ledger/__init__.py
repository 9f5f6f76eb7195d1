"""`farthing ledger`: its state, and its attempts as files."""
