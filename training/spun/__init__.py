"""Spun text made to order, and what learns from it to know spun copies."""
