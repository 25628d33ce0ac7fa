"""How deep the service is: from the application down, no chain of imports has more than six modules of `app/`.

A cluster stands on it, as the commands do.
"""

from __future__ import annotations

from functools import cache

import grimp

MOST_FLOORS = 6


def test_no_chain_of_imports_is_longer_than_six_floors() -> None:
    graph = grimp.build_graph("impasto")

    @cache
    def below(module: str) -> tuple[str, ...]:
        """The longest chain that begins with a module."""
        imported = graph.find_modules_directly_imported_by(module)
        chains = (below(each) for each in imported if each.startswith("impasto.app."))
        return (module, *max(chains, key=len, default=()))

    longest = max(map(below, graph.find_descendants("impasto.app") - {"impasto.app.cluster"}), key=len)
    assert len(longest) <= MOST_FLOORS, " > ".join(longest)
