"""The desk's address: it leads to the first page of its menu that is open to whoever comes."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from ..staff import current_staff, require_staff
from .menu import DUTIES, menu_of

bp = Blueprint("desk", __name__, url_prefix="/desk", template_folder="templates")


@bp.get("/")
@require_staff(*DUTIES)
def home() -> ResponseReturnValue:
    """Administrators go to the apps, auditors to the record."""
    return redirect(url_for(menu_of(current_staff())[0].endpoint), 303)
