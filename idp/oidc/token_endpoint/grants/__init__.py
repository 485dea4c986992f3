"""Grants of the token endpoint, one module each, in Authlib's shape."""
