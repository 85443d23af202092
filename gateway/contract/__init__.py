"""What others read of the protocol, generated from `protocols`: stubs, AsyncAPI, golden samples.

Run `make generate` after a change of a message or a topic; `make check` fails while it is stale.
"""
