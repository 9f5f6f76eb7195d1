"""What makes a process one of several workers that answer at one address."""
