"""The login session: sign-in pages, levels, devices, sign-out."""
