"""What models cost and can do, as litellm's data and the operator state it."""
