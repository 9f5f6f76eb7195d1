"""`farthing calibrate`: what it learns from, whom it asks, and how it says what came out."""
