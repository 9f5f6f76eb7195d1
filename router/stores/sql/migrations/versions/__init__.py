"""One file a revision. A revision is never changed once it was released."""
