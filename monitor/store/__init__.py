"""Rows for everything that the pipeline knows.  Never decides what to write."""
