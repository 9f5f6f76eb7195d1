"""What one request costs each part of a large installation, measured with real servers; and how many of each that makes."""
