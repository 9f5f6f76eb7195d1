"""Whether an answer is good enough, by looking at it: pure tests that accept, reject, or cannot tell."""
