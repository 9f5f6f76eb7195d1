"""What every command runs in: its standard files, its memory, its event loop, and how it is stopped."""
