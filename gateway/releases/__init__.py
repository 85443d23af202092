"""Releases of an ESP32's application: built from the source, signed, kept, handed out in blocks."""
