"""Lines that findings name, in files of columns and in pairs of files."""

import gzip

from attnlab.data.pairs import Layout
from attnlab.studies.describe.places import Place, find_places

ENGLISH_TO_FRENCH = Layout("en", "fr", ["en", "fr", "tags"])


def lines(places):
    return {pair: [place.line for place in found] for pair, found in places.pairs.items()}


def test_in_a_file_with_columns(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text(
        "Go.\tVa !\tx\n\nRun.\t\tx\nStop\u2019s.\t  Fin.\tx\nGo.\tVa !\tx\nGo.\tVas-y.\tx\n"
    )
    places = find_places([str(path)], ENGLISH_TO_FRENCH, {("Go.", "Va !"), ("Stop's.", "Fin.")})
    assert lines(places) == {("Go.", "Va !"): [1, 5], ("Stop's.", "Fin."): [4]}
    assert places.blank == [Place(str(path), 2), Place(str(path), 3)]


def test_in_the_other_direction(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("Go.\tVa !\tx\n")
    french_to_english = Layout("fr", "en", ["en", "fr", "tags"])
    assert lines(find_places([str(path)], french_to_english, {("Va !", "Go.")})) == {
        ("Va !", "Go."): [1]
    }


def test_in_a_pair_of_files(tmp_path):
    (tmp_path / "c.en").write_text("Go.\n\nRun.\n" + "Go.\n" * 5)
    (tmp_path / "c.fr.gz").write_bytes(
        gzip.compress(("Va !\nRien.\nCours !\n" + "Va !\n" * 5).encode())
    )
    paths = [str(tmp_path / "c.en"), str(tmp_path / "c.fr.gz")]
    places = find_places(paths, ENGLISH_TO_FRENCH, {("Go.", "Va !"), ("Run.", "Cours !")})
    assert lines(places) == {("Go.", "Va !"): [1, 4, 5], ("Run.", "Cours !"): [3]}
    assert places.blank == [Place(paths[0], 2)]
