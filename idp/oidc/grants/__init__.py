"""What a resident granted, an app's part in a login, and the one place where both end."""
