"""The live channel: every posting goes over the bus to the open pages of its resident, which fetch what changed."""

from .fanout import LIVE, install_fanout
from .stream import install_stream

__all__ = ["LIVE", "install_fanout", "install_stream"]
