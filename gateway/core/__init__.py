"""Pure: commands in, events and effects out; no clock, no socket, no random inside."""
