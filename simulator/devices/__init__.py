"""One byte-level model per part."""
