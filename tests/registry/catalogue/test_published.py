"""Published generators: every row is whole, and the nearest number of strings is taken."""

from registry.catalogue.published import closest, like, published


def test_published_rows_are_whole():
    for row in published():
        assert row.source
        assert all(0 <= low <= high <= 1 for low, high in row.measures.values())
    assert [row.n for row in closest(200)] == [100, 100, 309]
    assert [row.n for row in closest(10_000)] == [1000, 100, 309]
    assert (like("diffusion-lm", 100).name, like("gpt", 90).n, like("another", 900).n) == ("diffusion-LM", 100, 1000)
