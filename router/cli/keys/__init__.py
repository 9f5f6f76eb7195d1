"""`farthing keys`: what a key may do, and how keys are shown."""
