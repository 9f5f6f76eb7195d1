"""How often a semantic cache would answer wrongly, measured on pairs of questions."""
