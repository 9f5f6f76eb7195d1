"""What a semantic cache would give wrongly, measured on pairs of questions."""
