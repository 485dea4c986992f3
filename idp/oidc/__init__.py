"""The protocol: one module per endpoint, grant or check, each named after what it serves."""
