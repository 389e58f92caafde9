"""The adjectives: English, French masculine, where the French one stands, and what it may describe.

"attributive" ones do not follow "to be", "predicative" ones only do; "absolute" ones and colours
have no degrees.
"""

from dataclasses import dataclass
from functools import cache

ADJECTIVE_TABLE = """
big         | grand       | before | building furniture animal plant container vehicle spot decor
small       | petit       | before | building furniture animal thing plant child spot decor
young       | jeune       | before | adult learner
old         | vieux       | before | adult building furniture vehicle thing pet site decor
beautiful   | beau        | before | building furniture clothing plant picture music gift spot decor
new         | nouveau    | before | attributive vehicle clothing furniture building site decor tool
pretty      | joli        | before | clothing gift picture building music home spot decor
good        | bon         | before | food drink text show music idea thought worker lesson learner
bad         | mauvais     | before | text show thought worker learner
long        | long        | before | text show words told music
little      | petit       | before | child pet attributive
other       | autre       | before | thing person text building absolute attributive

red         | rouge       | after  | clothing vehicle furniture decor fruit plant toy colour
blue        | bleu        | after  | clothing vehicle furniture decor toy opening colour
green       | vert        | after  | clothing vehicle furniture decor fruit opening colour
black       | noir        | after  | clothing vehicle furniture pet farm colour
white       | blanc       | after  | clothing vehicle furniture decor pet farm plant opening colour
yellow      | jaune       | after  | clothing vehicle furniture decor fruit toy plant colour
grey        | gris        | after  | clothing vehicle furniture decor pet colour
brown       | brun        | after  | clothing furniture pet farm wild colour
pink        | rose        | after  | clothing toy opening colour
heavy       | lourd       | after  | container furniture device
light       | léger       | after  | clothing container device
expensive   | cher        | after  | clothing vehicle furniture decor device home gift costly
cheap       | bon marché  | after  | clothing furniture decor absolute
empty       | vide        | after  | container vessel absolute
full        | plein       | after  | container vessel absolute
clean       | propre      | after  | clothing dishes opening home vehicle decor
dirty       | sale        | after  | clothing dishes opening home vehicle decor
broken      | cassé       | after  | device dishes furniture toy absolute
modern      | moderne     | after  | building furniture device picture site
famous      | célèbre     | after  | artist text picture building show
interesting | intéressant | after  | text show words
boring      | ennuyeux    | after  | text show lesson
funny       | drôle       | after  | text show told
sad         | triste      | after  | person told music show
difficult   | difficile   | after  | words
easy        | facile      | after  | words
important   | important   | after  | words message text
strange     | étrange     | after  | words text picture show told music
dangerous   | dangereux   | after  | wild
sweet       | sucré       | after  | sugary fruit
fresh       | frais       | after  | fruit vegetable farmed
ripe        | mûr         | after  | fruit
cold        | froid       | after  | warm drink
hot         | chaud       | after  | warm
round       | rond        | after  | furniture opening absolute
useful      | utile       | after  | device tool text idea
happy       | heureux     | after  | person
tired       | fatigué     | after  | person pet
ill         | malade      | after  | person pet absolute predicative
rich        | riche       | after  | adult
poor        | pauvre      | after  | adult
kind        | gentil      | after  | person
patient     | patient     | after  | person
polite      | poli        | after  | person
serious     | sérieux     | after  | person
lazy        | paresseux   | after  | person pet
brave       | courageux   | after  | person
curious     | curieux     | after  | person pet
honest      | honnête     | after  | person
proud       | fier        | after  | person
intelligent | intelligent | after  | person pet
nervous     | nerveux     | after  | person
jealous     | jaloux      | after  | person
quiet       | calme       | after  | person home pet spot
angry       | furieux     | after  | person
worried     | inquiet     | after  | person
French      | français    | after  | artist worker food text show music absolute
English     | anglais     | after  | artist worker food text show music absolute
Italian     | italien     | after  | artist worker food text show music clothing absolute
German      | allemand    | after  | artist worker vehicle text show absolute
Spanish     | espagnol    | after  | artist worker food text music absolute
"""


@dataclass(frozen=True, kw_only=True)
class Adjective:
    """An adjective in both languages."""

    english: str
    french: str
    before: bool
    classes: frozenset[str]


def _adjective(line: str) -> Adjective:
    english, french, position, classes = (cell.strip() for cell in line.split("|"))
    return Adjective(
        english=english,
        french=french,
        before=position == "before",
        classes=frozenset(classes.split()),
    )


@cache
def adjectives() -> tuple[Adjective, ...]:
    """Return every adjective of the table, in its order."""
    return tuple(_adjective(line) for line in ADJECTIVE_TABLE.splitlines() if line.strip())


@cache
def adjectives_for(classes: frozenset[str], alone: bool = False) -> tuple[Adjective, ...]:
    """Return the adjectives that may describe a thing of these classes; maybe none.

    Args:
        classes: the classes of the noun.
        alone: only those that may follow "to be".
    """
    unfit = "attributive" if alone else "predicative"
    return tuple(
        adjective
        for adjective in adjectives()
        if adjective.classes & classes and unfit not in adjective.classes
    )
