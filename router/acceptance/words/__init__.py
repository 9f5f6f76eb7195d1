"""Words of many languages that help to read answers: data, and nothing else."""
