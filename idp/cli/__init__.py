"""The commands of `machi`. Every one takes `--json`."""

from . import backup, client_policy, client_streams, clients, clients_change, doctor, keys, residents, staff, system  # noqa: F401 - the commands register themselves on `machi`
from .root import machi

__all__ = ["machi"]
