"""Byte-level models of parts on real ports of this machine, in real time."""
