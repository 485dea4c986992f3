"""Registered apps: what a client is, its keys and secret, and what the city decides about it."""
