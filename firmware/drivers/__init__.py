"""What touches the parts of a node: `esp32/` through machine, `pi/` through Linux."""
