"""What the prediction of quality is worth, on known outcomes: the figures of docs/evidence.md."""
