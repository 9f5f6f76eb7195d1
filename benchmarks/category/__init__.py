"""The classifier of categories: what it learns from, how it is fitted, and how well it does on other requests."""
