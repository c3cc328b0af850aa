"""What all models made from MiniLM read with: its vocabulary and its table of pieces.

The weights are those of all-MiniLM-L6-v2 (Apache-2.0), in 8 bits.
"""
