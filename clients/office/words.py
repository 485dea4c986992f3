"""Words that pages need for codes: why an input was refused, through which channel, what became of an event."""

from __future__ import annotations

from flask_babel import gettext as _


def refusal(code: str) -> str:
    """Why an input was refused, and what to do."""
    words = {
        "required": _("Please fill this in."),
        "date": _("Please give a date."),
        "past_date": _("This date is in the past."),
        "choice": _("Please choose one of the options."),
        "format": _("Please check the form of this entry."),
        "too_long": _("This is too long."),
        "individual_number": _("Please do not write a My Number (12 digits) here. This service never stores it."),
        "phase": _("This is not possible in the present state of the application."),
        "changed": _("Somebody changed this application in the meantime. Please look at it again."),
        "local_number": _("Please give the local number (digits only; never the 12-digit My Number)."),
    }
    return str(words.get(code, code))


def channel(code: str) -> str:
    """How an application came."""
    words = {
        "online": _("Online"),
        "counter": _("Counter"),
        "post": _("Post"),
        "phone": _("Phone"),
        "remote": _("Remote counter"),
    }
    return str(words.get(code, code))


def delivery(state: str, result: str | None) -> str:
    """What became of an event."""
    words = {
        "waiting": _("Waiting to be sent"),
        "rejected": _("Refused by My page"),
        "accepted": _("On My page"),
        "duplicate": _("On My page"),
        "stale": _("In the history on My page"),
        "held": _("Held until the resident claims it"),
    }
    return str(words.get(result or state, result or state))


def sign_in_problem(code: str) -> tuple[str, str]:
    """(heading, text) about a sign-in that failed."""
    words = {
        "cancelled": (_("Sign-in was cancelled"), _("Nothing was shared. You can sign in at any time.")),
        "state": (
            _("This sign-in is no longer valid"),
            _("It was used already or took too long. Please sign in again."),
        ),
        "unavailable": (
            _("Sign-in is not available right now"),
            _("Machi ID does not answer. Please try again in a few minutes."),
        ),
    }
    other = (_("Sign-in did not work"), _("The answer could not be checked, so it was not used. Please sign in again."))
    return words.get(code, other)
