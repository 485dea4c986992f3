"""The WSGI application, for a server: `granian --interface wsgi clients.childcare.wsgi:app`."""

from __future__ import annotations

from clients.office import create_app

from .department import DEPARTMENT

app = create_app(DEPARTMENT)
app.extensions["machi_id"].reporter.start()
