"""The tables of words: read in order, and refused by file and line where they are wrong."""

from pathlib import Path

import pytest

from attnlab.grammar import inflection, lexicon, tsv
from attnlab.support.errors import AttnlabError

HEADERS = {
    "nouns": "english\tenglish_plural\tfrench\tfrench_plural\tgender\tclasses",
    "adjectives": "english\tfrench\tposition\tclasses",
    "verbs": "english\tfrench\tframe\tsubjects\tobjects\tflags",
    "rare_nouns": "shown\tenglish\tenglish_plural\tfrench\tfrench_plural\tgender\tclasses",
}
READERS = {
    "nouns": lexicon.nouns,
    "adjectives": lexicon.adjectives,
    "verbs": lexicon.verbs,
    "rare_nouns": lexicon.rare_nouns,
}


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Reads a table of these lines behind its header, as the grammar would."""

    def reading(name: str, *lines: str, header: str = ""):
        text = "\n".join(["# comment", "", header or HEADERS[name], *lines]) + "\n"
        (tmp_path / f"{name}.tsv").write_text(text, encoding="utf-8")
        original = tsv.read_table
        monkeypatch.setattr(
            lexicon,
            "read_table",
            lambda table, *args, **options: original(
                table, *args, **options, folder=tmp_path if table == name else tsv.FOLDER
            ),
        )
        return READERS[name].__wrapped__()

    return reading


def test_rows_keep_their_order_and_derive_what_follows_a_rule(read):
    knife, box = read(
        "nouns", "knife\t\tcouteau\t\tm\tthing small", "# cutlery", "", "box\t\tboîte\t\tf\tthing"
    )
    assert (knife.english_plural, knife.french_plural) == ("knives", "couteaux")
    assert (box.english, box.english_plural, box.gender) == ("box", "boxes", "f")
    assert knife.classes == {"thing", "small"}


@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("nouns", "key\t\tclé\t\tf", "5 cells instead of 6"),
        ("nouns", "key\t\tclé\t\tfem\tthing", "gender is 'fem'"),
        ("nouns", "key\t\tclé\t\tf\tthign", "classes has 'thign'"),
        ("nouns", "key\t\tclé\t\tf\tthing thing", "twice"),
        ("nouns", "key\t\t\t\tf\tthing", "french is empty"),
        ("nouns", "key\t\tclé \t\tf\tthing", "french has spaces"),
        ("nouns", "key\t\tcle\u0301\t\tf\tthing", "accent as a character of its own"),
        ("nouns", "key\t\tl’objet\t\tm\tthing", "curly apostrophe"),
        ("nouns", "box\t\tcarton\t\tm\tthing", "box stands in line 4 already"),
        ("rare_nouns", "x\tkite\t\tcerf-volant\t\tm\ttoy", "shown is 'x'"),
        ("rare_nouns", "4\tdog\t\tchien\t\tm\tanimal", "dog is in nouns.tsv, too"),
        ("adjectives", "nice\tgentil\tbehind\tperson", "position is 'behind'"),
        ("verbs", "juggle\tjongler\tsubject\tperson\t\t", "frame is 'subject'"),
        ("verbs", "juggle\tjongler\tobject\tperson\t\t", "has no objects"),
        ("verbs", "juggle\tjongler\tnone\tperson\ttoy\t", "has objects"),
        ("verbs", "juggle\tjongler\tnone\tperson\t\tdayly", "flags has 'dayly'"),
        ("verbs", "juggle\tjonglo\tnone\tperson\t\t", "jonglo"),
    ],
)
def test_wrong_rows_are_refused_by_file_and_line(read, tmp_path, name, row, message):
    first = {
        "nouns": "box\t\tboîte\t\tf\tthing",
        "adjectives": "big\tgrand\tbefore\tthing",
        "verbs": "sleep\tdormir\tnone\tperson\t\t",
        "rare_nouns": "4\tkite\t\tcerf-volant\tcerfs-volants\tm\ttoy",
    }[name]
    row = row.replace("kite", "yo-yo")
    with pytest.raises(AttnlabError) as refusal:
        read(name, first, row)
    assert str(refusal.value).startswith(f"{tmp_path / name}.tsv:5: ")
    assert message in str(refusal.value)


def test_wrong_files_are_refused(read, tmp_path):
    with pytest.raises(AttnlabError, match=r"nouns\.tsv:3: the header must be"):
        read("nouns", header="english french")
    with pytest.raises(AttnlabError, match="has no rows"):
        read("nouns")
    with pytest.raises(AttnlabError, match="cannot be read"):
        tsv.read_table("absent", ("a",), key=("a",), folder=tmp_path)
    (tmp_path / "latin.tsv").write_bytes("a\né\n".encode("latin-1"))
    with pytest.raises(AttnlabError, match="not UTF-8"):
        tsv.read_table("latin", ("a",), key=("a",), folder=tmp_path)


def test_every_class_is_of_a_noun_and_every_noun_has_an_adjective_or_verb():
    nouns = (*lexicon.nouns(), *(noun for noun, _ in lexicon.rare_nouns()))
    assert set().union(*(noun.classes for noun in nouns)) == lexicon.CLASSES
    used = set().union(
        *(adjective.classes for adjective in lexicon.adjectives()),
        *(verb.subjects | verb.objects for verb in lexicon.verbs()),
    )
    assert all(noun.classes & used for noun in nouns)


def test_lexicon_are_complete():
    assert len(lexicon.MONTHS) == 12
    assert len(lexicon.WEEKDAYS) == 7
    assert not set(lexicon.WOMEN) & set(lexicon.MEN)
    possessives = {"my", "your", "his", "her", "its", "our", "their"}
    assert set(lexicon.POSSESSIVES) == possessives


def test_a_french_verb_that_follows_another_is_conjugated_alike(tmp_path, monkeypatch):
    columns = "infinitive\tpresent\timperfect\tfuture\tparticiple\tfollowers"
    table = tmp_path / "french_verbs.tsv"
    original = tsv.read_table
    monkeypatch.setattr(
        inflection, "read_table", lambda *args, **more: original(*args, **more, folder=tmp_path)
    )
    forms = "viens viens vient venons venez viennent"
    table.write_text(f"{columns}\nvenir\t{forms}\tven\tviendr\tvenu\trevenir\n", encoding="utf-8")
    present, *stems = inflection._irregular_rows.__wrapped__()["revenir"]
    assert present == tuple(f"re{form}" for form in forms.split())
    assert stems == ["reven", "reviendr", "revenu"]
    table.write_text(f"{columns}\nvenir\tviens vient\tven\tviendr\tvenu\t\n", encoding="utf-8")
    with pytest.raises(AttnlabError, match=r"french_verbs\.tsv:2: present has 2 forms"):
        inflection._irregular_rows.__wrapped__()
