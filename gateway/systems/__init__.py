"""The systems of the hall, all of one shape."""
