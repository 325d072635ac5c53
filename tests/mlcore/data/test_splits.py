import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlcore.data import splits

KEYS = [f"key{number}" for number in range(2000)]


@given(st.lists(st.sampled_from(KEYS), min_size=1, max_size=200), st.integers(0, 99))
def test_every_row_is_in_one_part_and_every_key_too(keys: list[str], seed: int) -> None:
    split = splits.by_key(keys, 0.1, 0.2, seed)
    parts = (split.train, split.valid, split.test)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(keys)))
    owners = [{keys[row] for row in part} for part in parts]
    assert sum(map(len, owners)) == len(set(keys))
    assert owners[0]


def test_a_key_keeps_its_part_when_the_table_grows() -> None:
    small, large = splits.by_key(KEYS[:1000], 0.1, 0.1, 3), splits.by_key(KEYS[::-1], 0.1, 0.1, 3)
    for name in ("train", "valid", "test"):
        before = {KEYS[row] for row in getattr(small, name)}
        after = {KEYS[::-1][row] for row in getattr(large, name)}
        assert before == after & set(KEYS[:1000])


def test_shares_seed_and_digest() -> None:
    split = splits.by_key(KEYS, 0.1, 0.2, 0)
    assert abs(len(split.valid) / 2000 - 0.1) < 0.02
    assert abs(len(split.test) / 2000 - 0.2) < 0.03
    assert split.digest == splits.by_key(KEYS, 0.1, 0.2, 0).digest
    assert split.digest != splits.by_key(KEYS, 0.1, 0.2, 1).digest


def test_a_handful_of_keys_still_has_every_part() -> None:
    for seed in range(20):
        split = splits.by_key(["a", "b", "c"], 0.1, 0.1, seed)
        assert len(split.train) == len(split.valid) == len(split.test) == 1


def test_one_or_two_keys_are_all_learned_from() -> None:
    for seed in range(20):
        split = splits.by_key(["a", "b", "a"], 0.4, 0.4, seed)
        assert (len(split.train), len(split.valid), len(split.test)) == (3, 0, 0)


def test_each_key_is_tested_in_one_fold() -> None:
    keys = KEYS[:50] * 2
    folds = splits.folds_by_key(keys, 5, 0)
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested.tolist()) == list(range(100))
    for fold in folds:
        assert not {keys[row] for row in fold.test} & {keys[row] for row in fold.train}


def test_few_training_structures_are_among_many() -> None:
    keys = KEYS[:50] * 2
    whole = splits.folds_by_key(keys, 5, 0)[0]
    few, many = (splits.fewer(whole, keys, count, seed=0) for count in (5, 20))
    assert len({keys[row] for row in few.train}) == 5
    assert len(few.train) == 10, "a structure comes with all its rows"
    assert set(few.train.tolist()) < set(many.train.tolist()) < set(whole.train.tolist())
    assert few.test.tolist() == whole.test.tolist()
    assert len({few.digest, many.digest, whole.digest}) == 3
    assert splits.fewer(whole, keys, 1000, seed=0).train.tolist() == whole.train.tolist()
