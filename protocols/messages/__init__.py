"""One file per kind of device; `protocols.registry` lists them all."""
