"""Policy files: their shape, what it means, and the reference that is written from both."""
