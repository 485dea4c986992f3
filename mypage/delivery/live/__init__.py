"""The live channel: every posting goes through the journal to the open pages of its resident, which fetch what changed."""

from .fanout import LIVE, install_fanout
from .look import install_look
from .serve import serve_live
from .stream import install_stream

__all__ = ["LIVE", "install_fanout", "install_look", "install_stream", "serve_live"]
