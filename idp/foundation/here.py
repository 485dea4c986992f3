"""Flask's request, application and `g` themselves, for code that every hot request runs.

`flask.request`, `flask.current_app` and `flask.g` are proxies that look their object up anew for every attribute: a tenth of the
time of a sign-on (docs/benchmarks.md). Elsewhere the proxies read better.
"""

from __future__ import annotations

from flask import Flask, Request
from flask.ctx import _AppCtxGlobals
from flask.globals import _cv_app, _cv_request


def here() -> Request:
    """The current request. Raises LookupError outside of one."""
    return _cv_request.get().request


def this_app() -> Flask:
    """The current application. Raises RuntimeError where there is none."""
    context = _cv_app.get(None)
    if context is None:
        raise RuntimeError("no application is at work here")
    return context.app


def of_request() -> _AppCtxGlobals:
    """`flask.g`: what this request keeps for later."""
    return _cv_app.get().g
