"""What is said about a resident: which claims a scope means, which an app asked for, and their values (OIDC Core §5)."""
