"""A cascade in operation, compared with its predictions."""
