"""The authorization endpoint: requests in every form, their checks, consent, and the answer."""
