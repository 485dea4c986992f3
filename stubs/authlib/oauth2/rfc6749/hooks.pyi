from collections.abc import Callable

class Hookable:
    def register_hook(self, hook_type: str, hook: Callable[..., object]) -> None: ...
