"""`farthing report`: sums of the ledger, and how they are shown."""
