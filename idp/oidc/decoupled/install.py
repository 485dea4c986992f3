"""Device flow and CIBA: their grants, endpoints and pages, and the worker that pings."""

from __future__ import annotations

from flask import Flask

from ..server import Provider
from . import approve_page, backchannel_authentication, ciba_ping, device_authorization, device_page
from .ciba_grant import CibaGrant
from .device_grant import DeviceGrant


def install(app: Flask, op: Provider) -> None:
    for grant in (DeviceGrant, CibaGrant):
        op.server.register_grant(grant)
    op.server.register_endpoint(device_authorization.DeviceAuthorizationEndpoint)
    op.server.register_endpoint(backchannel_authentication.BackchannelEndpoint)
    op.parts.worker.handles(ciba_ping.TOPIC, lambda job: ciba_ping.deliver(op, job), slow=True)
    for module in (approve_page, backchannel_authentication, device_authorization, device_page):
        app.register_blueprint(module.bp)
