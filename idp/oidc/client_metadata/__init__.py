"""What an app may register (RFC 7591 §2): every member of client metadata and its rule."""
