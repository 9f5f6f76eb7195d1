"""`farthing check`: the policies' examples, and what is allowed in them but doubtful."""
