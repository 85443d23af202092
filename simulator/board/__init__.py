"""The virtual ESP32: ROM loader, flash, serial port, MicroPython, and the parts on its pins."""
