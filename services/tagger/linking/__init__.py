"""Which entity each name of an article stands for."""
