"""Apps' logos: fetched by us, looked at from outside, and shown from our own address."""
