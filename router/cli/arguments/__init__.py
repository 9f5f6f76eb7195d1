"""What several commands are asked in the same way: their options, and how a value is read."""
