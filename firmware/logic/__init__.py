"""Pure state machines of the nodes; MicroPython subset."""
