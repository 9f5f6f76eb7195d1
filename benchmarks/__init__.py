"""Programs that stress Farthing and report figures; each has a page in docs/."""
