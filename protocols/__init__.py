"""The words on the wire. MicroPython subset; imports nothing else of this project."""
