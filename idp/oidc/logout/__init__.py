"""Signing out: end_session, back- and front-channel logout, session management, which apps could not be reached."""
