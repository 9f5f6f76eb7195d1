"""What the prediction of quality is worth, on outcomes that are known: the figures of docs/evidence.md."""
