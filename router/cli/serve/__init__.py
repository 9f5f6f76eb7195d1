"""`farthing serve`: a process that serves alone, or a supervisor and its workers."""
