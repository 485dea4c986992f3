"""The web shell: who may call a route, error pages, security headers, CSRF, languages, page layout."""
