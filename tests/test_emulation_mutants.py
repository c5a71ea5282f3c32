"""Each barrier of each kernel removed in turn, and planted faults: some check must show it.

A check is an order of the threads, whose results are compared with the CPU's, or the search for races.

The files scenarios_<stem>.py say what is run and what is planted; emulated_mutants.py says how they are written.
"""

import emulated_mutants as mutants
import pytest

pytestmark = pytest.mark.emulated

WITH_FILE = [stem for stem in mutants.STEMS if mutants.has_scenarios(stem)]
FILES = [*(f"{stem}.cu" for stem in WITH_FILE), *mutants.HEADERS]
BARRIERS = [(name, number) for name in FILES for number in range(mutants.barriers(name))]
FAULTS = [(stem, number) for stem in WITH_FILE for number in range(len(mutants.scenario_file(stem).FAULTS))]


@pytest.mark.parametrize("stem", mutants.STEMS)
def test_every_source_has_scenarios_and_faults(stem: str) -> None:
    assert mutants.has_scenarios(stem), f"tests/scenarios_{stem}.py is missing"
    file = mutants.scenario_file(stem)
    assert len(set(file.FAULTS)) == len(file.FAULTS) >= 4
    assert set(file.HIDDEN) <= set(range(mutants.barriers(f"{stem}.cu")))


@pytest.mark.sanitizer
@pytest.mark.parametrize("stem", WITH_FILE)
def test_as_it_is_no_check_fails(stem: str) -> None:
    with mutants.standing_in():
        assert list(mutants.caught(stem)) == []


@pytest.mark.parametrize(("name", "number"), BARRIERS)
def test_a_missing_barrier_is_caught(name: str, number: int) -> None:
    """One in a header by the scenarios of one of the files that include it."""
    found = list(mutants.caught_without_barrier(name, number))
    print(*found, sep="\n")
    assert bool(found) != (name.endswith(".cu") and number in mutants.scenario_file(name[:-3]).HIDDEN)


@pytest.mark.parametrize(("stem", "number"), FAULTS)
def test_a_planted_fault_is_caught(stem: str, number: int) -> None:
    with mutants.standing_in(stem, mutants.with_fault(stem, *mutants.scenario_file(stem).FAULTS[number])):
        found = next(mutants.caught(stem), None)
    print(found)
    assert found is not None
