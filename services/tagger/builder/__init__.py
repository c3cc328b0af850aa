"""Builds the gazetteer from open data and from what is written by hand in ``deploy/gazetteer``."""
