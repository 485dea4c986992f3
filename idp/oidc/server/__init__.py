"""What every endpoint stands on: Authlib's authorization server with our storage behind it, requests, cross-origin answers."""
