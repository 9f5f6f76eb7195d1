"""The steps from each schema of the ledger's database to the next, run by Alembic."""
