"""How often the stated 90th percentile of lengths and latencies holds, and how narrow it is."""
