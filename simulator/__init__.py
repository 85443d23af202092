"""The world without hardware: broker, network, devices, people, auditor."""
