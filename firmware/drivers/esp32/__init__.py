"""Drivers of an ESP32 node, over `hal`. MicroPython subset."""
