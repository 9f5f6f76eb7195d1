"""What one request costs each part of a large installation, with real servers; and how many of each that needs."""
