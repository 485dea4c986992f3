"""For which API a token is, and what it may do there: resource indicators (RFC 8707), rich authorization (RFC 9396)."""
