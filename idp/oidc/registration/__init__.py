"""Clients register and manage themselves (RFC 7591, 7592): metadata, its rules, software statements."""
