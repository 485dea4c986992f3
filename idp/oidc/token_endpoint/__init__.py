"""The token endpoint and its grants, introspection, revocation, userinfo, and the bearer of a token."""
