"""The adjectives: English, French masculine, where the French one stands, and what it may describe.

"attributive" ones do not follow "to be"; "absolute" ones and colours have no degrees.
"""

from dataclasses import dataclass
from functools import cache

ADJECTIVE_TABLE = """
big         | grand       | before | building furniture animal plant container vehicle spot
small       | petit       | before | building furniture animal thing plant child spot
young       | jeune       | before | adult learner
old         | vieux       | before | adult building furniture vehicle thing pet spot
beautiful   | beau        | before | building furniture clothing plant picture music gift spot
new         | nouveau     | before | vehicle clothing device furniture building spot attributive
pretty      | joli        | before | clothing gift picture building music home spot
good        | bon         | before | food drink text show music idea thought worker lesson learner
bad         | mauvais     | before | text show thought worker learner
long        | long        | before | text show words told
little      | petit       | before | child pet attributive
other       | autre       | before | thing person text building absolute attributive

red         | rouge       | after  | clothing vehicle furniture fruit plant toy colour
blue        | bleu        | after  | clothing vehicle furniture toy opening colour
green       | vert        | after  | clothing vehicle furniture fruit opening colour
black       | noir        | after  | clothing vehicle furniture pet farm colour
white       | blanc       | after  | clothing vehicle furniture pet farm plant opening colour
yellow      | jaune       | after  | clothing vehicle furniture fruit toy plant colour
grey        | gris        | after  | clothing vehicle furniture pet colour
brown       | brun        | after  | clothing furniture pet farm wild colour
pink        | rose        | after  | clothing toy opening colour
heavy       | lourd       | after  | container furniture device small
light       | léger       | after  | clothing container device
expensive   | cher        | after  | clothing vehicle furniture device home gift costly
cheap       | bon marché  | after  | clothing furniture absolute
empty       | vide        | after  | container building dishes absolute
full        | plein       | after  | container dishes absolute
clean       | propre      | after  | clothing dishes opening home vehicle
dirty       | sale        | after  | clothing dishes opening home vehicle
broken      | cassé       | after  | device dishes furniture toy absolute
modern      | moderne     | after  | building furniture device picture spot
famous      | célèbre     | after  | artist text picture building show
interesting | intéressant | after  | text show words
boring      | ennuyeux    | after  | text show lesson
funny       | drôle       | after  | text show told
sad         | triste      | after  | person told music show
difficult   | difficile   | after  | words
easy        | facile      | after  | words
important   | important   | after  | words message text
strange     | étrange     | after  | words text picture show told
dangerous   | dangereux   | after  | wild
sweet       | sucré       | after  | fruit dish drink
fresh       | frais       | after  | fruit vegetable
ripe        | mûr         | after  | fruit
cold        | froid       | after  | drink dish
hot         | chaud       | after  | drink dish
round       | rond        | after  | furniture opening absolute
useful      | utile       | after  | device tool text
happy       | heureux     | after  | person
tired       | fatigué     | after  | person pet
ill         | malade      | after  | person pet
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
    return tuple(
        adjective
        for adjective in adjectives()
        if adjective.classes & classes and not (alone and "attributive" in adjective.classes)
    )
