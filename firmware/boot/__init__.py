"""What starts an ESP32: chooses the application slot. Written once over USB, never over the air."""
