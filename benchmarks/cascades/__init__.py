"""A cascade that runs, beside what was foretold of it."""
