"""The broker adapter: paho-mqtt outside, reports and publications inside."""
