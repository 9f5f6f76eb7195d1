"""What sessions of agents cost under rules of staying and switching: `python -m benchmarks.sessions`."""
