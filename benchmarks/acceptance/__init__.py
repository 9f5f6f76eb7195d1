"""Whether final answers are found in what models say, and how long a ruling takes."""
