"""What agents' sessions cost under rules for staying and switching: `python -m benchmarks.sessions`."""
