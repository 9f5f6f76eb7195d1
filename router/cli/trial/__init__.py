"""`farthing try`: two policies on the same requests, and how their difference is shown."""
