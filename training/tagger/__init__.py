"""Teaching of the tagger's recognition model."""
