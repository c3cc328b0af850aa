"""The shipped recognition model: texts to pieces, pieces to labels, labels to names."""
