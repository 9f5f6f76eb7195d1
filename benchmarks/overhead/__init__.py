"""What a proxy adds to each request: Farthing beside others, before one upstream that costs nothing."""
