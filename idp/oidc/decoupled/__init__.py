"""Asked on one device, answered on another: device flow (RFC 8628), CIBA, and the resident's word."""
