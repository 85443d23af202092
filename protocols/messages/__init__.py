"""One file per kind of device; `protocols.topics` lists them all by channel."""
