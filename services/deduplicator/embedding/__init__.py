"""What an article is about, as a vector: MiniLM, cut down to 128 dimensions of 8 bits."""
