"""Makes the network that embeds articles."""
