"""Who calls: client authentication, certificates, and the key a token is bound to (DPoP, mutual TLS)."""
