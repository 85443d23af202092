"""What runs on a node: pure logic, drivers for its board, and a thin shell around both."""

VERSION = "0.1.0"
