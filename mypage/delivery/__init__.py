"""Channels, out: ways to tell a resident what was posted. Each is a folder of its own, with all that belongs to it."""
