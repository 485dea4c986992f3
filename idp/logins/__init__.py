"""The login session."""
