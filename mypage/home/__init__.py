"""ホーム: one look at everything."""
