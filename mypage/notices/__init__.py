"""Notices: what departments tell a resident, and what my page itself tells about their cases."""
