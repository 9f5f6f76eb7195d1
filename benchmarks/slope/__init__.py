"""Does memory grow with requests? A real Farthing, mixed traffic, and its memory by number of requests."""
