"""The table of corpora that can be downloaded. Knows nothing of how that is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a corpus is, and what it must be.

    Attributes:
        name: as in data=NAME.
        terms: what it is and under which terms, a line that people are shown.
        url: the folder that holds the files.
        checksums: of each file as it is downloaded, as ALGORITHM:HEXADECIMAL.
        unpacked: what is taken out of a zip archive among them: archive to member, by its name
            without folders.
    """

    name: str
    terms: str
    url: str
    checksums: Mapping[str, str]
    unpacked: Mapping[str, str] = field(default_factory=dict)
    largest: int = 100_000_000

    def archive_of(self, member: str) -> str:
        """The archive that `member` is unpacked from."""
        return next(archive for archive, name in self.unpacked.items() if name == member)


# A commit and no branch: corrections to train.en have been proposed since, and figures are only
# comparable on the same text. The digests are of the .gz files as that repository holds them,
# whose MD5s torchtext 0.9 published.
_MULTI30K_COMMIT = "c9be912dc05a3ebf9ae5bb5f7f58c1791cda43ab"
_MULTI30K_SHA256 = {
    "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "train.fr.gz": "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "val.fr.gz": "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
    "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "test_2016_flickr.fr.gz": "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
}

_ALL = (
    Source(
        name="multi30k",
        terms="Multi30k, task 1 (Elliott et al. 2016, 2017): for research, under the terms of "
        "Flickr30k's captions",
        url=f"https://raw.githubusercontent.com/multi30k/dataset/{_MULTI30K_COMMIT}/data/task1/raw",
        checksums={name: f"sha256:{digest}" for name, digest in _MULTI30K_SHA256.items()},
    ),
    # The edition that Dive into Deep Learning pins; manythings.org itself keeps only the newest.
    Source(
        name="tatoeba",
        terms="Sentences of Tatoeba by way of manythings.org: CC BY 2.0 FR",
        url="https://d2l-data.s3-accelerate.amazonaws.com",
        checksums={"fra-eng.zip": "sha1:94646ad1522d915e7b0f9296181140edcf86a4f5"},
        unpacked={"fra-eng.zip": "fra.txt"},
    ),
)
SOURCES: Mapping[str, Source] = {source.name: source for source in _ALL}
"""Every corpus that can be downloaded, by name."""
