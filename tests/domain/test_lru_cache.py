"""A bounded memory keeps what was used last."""

from router.domain.lru_cache import LruCache


def test_what_was_used_longest_ago_makes_room() -> None:
    memory = LruCache[str, int](2)
    memory.keep("a", 1)
    memory.keep("b", 2)

    assert memory.find("a") == 1
    memory.keep("c", 3)
    assert [*memory] == ["a", "c"]
    assert memory.find("b") is None


def test_what_is_kept_again_is_the_newest_and_looking_without_use_changes_nothing() -> None:
    memory = LruCache[str, int](2)
    memory.keep("a", 1)
    memory.keep("b", 2)
    memory.keep("a", 3)
    assert memory.get("b") == 2
    memory.keep("c", 4)

    assert dict(memory) == {"a": 3, "c": 4}
