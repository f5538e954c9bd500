"""Mesh: finding networks, joining them, and staying part of them (MLE).

Every public name is imported when it is first asked for (PEP 562).
"""

from typing import TYPE_CHECKING

__all__ = ["LinkEstablishment"]

if TYPE_CHECKING:
    from lowpan.mesh.link_establishment import LinkEstablishment
else:  # hidden from type checkers, which would take any misspelt name for granted

    def __getattr__(name: str) -> object:
        """Import the public name that is asked for."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from lowpan.mesh.link_establishment import LinkEstablishment  # noqa: PLC0415

        globals()["LinkEstablishment"] = LinkEstablishment
        return LinkEstablishment
