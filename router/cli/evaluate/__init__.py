"""`farthing evaluate`: an evaluation, and how it is shown."""
