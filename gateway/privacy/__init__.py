"""Personal data: sealed wherever it is kept, under keys that can be thrown away."""
