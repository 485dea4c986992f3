"""What the city decides about an app, and the profile it holds the app to (FAPI 2.0)."""
