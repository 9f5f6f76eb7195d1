"""Words of many languages by which answers are read: data, and nothing else."""
