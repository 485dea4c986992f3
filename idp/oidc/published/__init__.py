"""What the provider tells everybody: discovery, keys, signed metadata, WebFinger."""
