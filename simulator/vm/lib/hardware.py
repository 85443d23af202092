"""The way out of the VM to what the board is wired to: bytes out, bytes back. Runs in the VM only.

The build passes text back, and text must be UTF-8; so the answer travels in hexadecimal.
"""

import binascii

import host


def call(name: str, data: bytes = b"") -> bytes:
    """Ask the host's `hardware(name, data)`; at most 1024 bytes come back."""
    return binascii.unhexlify(host.call(name, data))
