"""The nouns: English, French with its gender, and the classes that say what may happen to them.

A French plural or an English plural that follows no rule is written after a slash. "mass" marks
what is not counted; "proper" marks names of people.
"""

from dataclasses import dataclass
from functools import cache

from .inflection import english_plural, french_plural

NOUN_TABLE = """
boy              | garçon m            | person child
girl             | fille f             | person child
child            | enfant m            | person child
man              | homme m             | person adult
woman            | femme f             | person adult
teacher          | professeur m        | person adult worker
doctor           | médecin m           | person adult worker
nurse            | infirmière f        | person adult worker
baker            | boulanger m         | person adult worker
farmer           | fermier m           | person adult worker
singer           | chanteuse f         | person adult worker artist
dancer           | danseuse f          | person adult worker artist
student          | étudiant m          | person learner
pupil            | élève m             | person child learner
neighbour        | voisin m            | person adult relation
friend           | ami m               | person relation
brother          | frère m             | person relation
sister           | sœur f              | person relation
father           | père m              | person adult relation unique
mother           | mère f              | person adult relation unique
uncle            | oncle m             | person adult relation
aunt             | tante f             | person adult relation
cousin           | cousin m            | person relation
grandfather      | grand-père/grands-pères m | person adult relation unique
grandmother      | grand-mère/grands-mères f | person adult relation unique
son              | fils m              | person relation
daughter         | fille f             | person relation
tourist          | touriste m          | person adult
waiter           | serveur m           | person adult worker
cook             | cuisinier m         | person adult worker
policeman        | policier m          | person adult worker
postman          | facteur m           | person adult worker
writer           | écrivain m          | person adult worker artist
painter          | peintre m           | person adult worker artist
actress          | actrice f           | person adult worker artist
gardener         | jardinier m         | person adult worker
lawyer           | avocat m            | person adult worker
engineer         | ingénieur m         | person adult worker

dog              | chien m             | animal pet hunter
cat              | chat m              | animal pet hunter prey
horse            | cheval m            | animal farm
cow              | vache f             | animal farm
bird             | oiseau m            | animal prey
rabbit           | lapin m             | animal pet prey
mouse            | souris f            | animal prey
pig              | cochon m            | animal farm
hen              | poule f             | animal farm prey
duck             | canard m            | animal farm
wolf             | loup m              | animal wild hunter
bear             | ours m              | animal wild

apple            | pomme f             | food fruit countable
orange           | orange f            | food fruit countable
pear             | poire f             | food fruit countable
strawberry       | fraise f            | food fruit countable
cherry           | cerise f            | food fruit countable
cake             | gâteau m            | food dish countable sugary warm
sandwich         | sandwich m          | food dish countable
egg              | œuf m               | food countable farmed
carrot           | carotte f           | food vegetable countable
potato           | pomme de terre f    | food vegetable countable
tomato           | tomate f            | food vegetable countable
pie              | tarte f             | food dish countable sugary warm
biscuit          | biscuit m           | food dish countable sugary
bread            | pain m              | food mass solid farmed
cheese           | fromage m           | food mass solid
meat             | viande f            | food mass solid warm
rice             | riz m               | food mass warm
chocolate        | chocolat m          | food mass sugary
butter           | beurre m            | food mass farmed
jam              | confiture f         | food mass sugary
soup             | soupe f             | food mass warm
ice cream        | glace f             | food mass sugary
salad            | salade f            | food mass
water            | eau f               | drink mass bottled warm
milk             | lait m              | drink mass bottled farmed warm
coffee           | café m              | drink mass hot warm sugary
tea              | thé m               | drink mass hot warm sugary
juice            | jus m               | drink mass sugary
wine             | vin m               | drink mass bottled
beer             | bière f             | drink mass

book             | livre m             | thing text gift small
letter           | lettre f            | thing text message small
newspaper        | journal m           | thing text small
magazine         | revue f             | thing text small
poem             | poème m             | text work
novel            | roman m             | thing text gift work small
story            | histoire f          | text told story
article          | article m           | text work
message          | message m           | text message
postcard         | carte postale/cartes postales f | thing text message small
dictionary       | dictionnaire m      | thing text gift small
report           | rapport m           | text work
song             | chanson f           | music
film             | film m              | show
photo            | photo f             | thing picture small gift
painting         | tableau m           | thing picture gift
picture          | image f             | picture

dress            | robe f              | thing clothing gift ladies
shirt            | chemise f           | thing clothing gift unisex
coat             | manteau m           | thing clothing gift unisex
hat              | chapeau m           | thing clothing gift unisex
shoe             | chaussure f         | thing clothing unisex
skirt            | jupe f              | thing clothing gift ladies
jacket           | veste f             | thing clothing gift unisex
scarf            | écharpe f           | thing clothing gift unisex
sock             | chaussette f        | thing clothing unisex
boot             | botte f             | thing clothing unisex

car              | voiture f           | thing vehicle costly motor
bicycle          | vélo m              | thing vehicle gift
boat             | bateau m            | thing vehicle costly
lorry            | camion m            | thing vehicle motor
train            | train m             | transport
bus              | autobus m           | transport motor
plane            | avion m             | transport

table            | table f             | thing furniture
chair            | chaise f            | thing furniture
bed              | lit m               | thing furniture
armchair         | fauteuil m          | thing furniture
cupboard         | armoire f           | thing furniture container
desk             | bureau m            | thing furniture
lamp             | lampe f             | thing furniture gift
mirror           | miroir m            | thing furniture gift
clock            | horloge f           | thing device furniture
carpet           | tapis m             | thing decor

telephone        | téléphone m         | thing device small gift
computer         | ordinateur m        | thing device costly
watch            | montre f            | thing device small gift
camera           | appareil photo/appareils photo m | thing device small gift
key              | clé f               | thing small lost
bag              | sac m               | thing small gift lost load vessel
umbrella         | parapluie m         | thing small gift lost
ticket           | billet m            | thing small lost
pencil           | crayon m            | thing small tool
pen              | stylo m             | thing small tool gift
box              | boîte f             | thing small container load
suitcase         | valise f            | thing container lost load
bottle           | bouteille f         | thing small vessel
glass            | verre m             | thing small dishes vessel
plate            | assiette f          | thing small dishes vessel
cup              | tasse f             | thing small dishes vessel
knife            | couteau m           | thing small dishes
spoon            | cuillère f          | thing small dishes
ball             | ballon m            | thing small toy gift
doll             | poupée f            | thing small toy gift
flower           | fleur f             | thing plant gift
rose             | rose f              | thing plant gift
tree             | arbre m             | plant
present          | cadeau m            | thing small given

house            | maison f            | building home costly
flat             | appartement m       | building home costly
door             | porte f             | opening
window           | fenêtre f           | opening
bridge           | pont m              | building span
castle           | château m           | building public
church           | église f            | building public
museum           | musée m             | building public

town             | ville f             | spot site
village          | village m           | spot site
street           | rue f               | spot site
garden           | jardin m            | spot site
park             | parc m              | spot site
hotel            | hôtel m             | spot site
restaurant       | restaurant m        | spot site
school           | école f             | spot site
room             | chambre f           | spot site
factory          | usine f             | spot site
island           | île f               | spot island

question         | question f          | words said
idea             | idée f              | words thought
problem          | problème m          | words thought
lesson           | leçon f             | words lesson
exercise         | exercice m          | words lesson
word             | mot m               | words said
answer           | réponse f           | words said
secret           | secret m            | told hidden
truth            | vérité f            | true unique
"""


@dataclass(frozen=True, kw_only=True)
class Noun:
    """A noun in both languages, singular and plural."""

    english: str
    english_plural: str
    french: str
    french_plural: str
    gender: str
    classes: frozenset[str]

    @property
    def mass(self) -> bool:
        """True for what is not counted: bread, water."""
        return "mass" in self.classes

    @property
    def human(self) -> bool:
        """True for people."""
        return "person" in self.classes


def _noun(line: str) -> Noun:
    english, french, classes = (cell.strip() for cell in line.split("|"))
    english, _, english_many = english.partition("/")
    french, _, gender = french.rpartition(" ")
    french, _, french_many = french.partition("/")
    return Noun(
        english=english,
        english_plural=english_many or english_plural(english),
        french=french,
        french_plural=french_many or french_plural(french),
        gender=gender,
        classes=frozenset(classes.split()),
    )


@cache
def nouns() -> tuple[Noun, ...]:
    """Return every noun of the table, in its order."""
    return read_nouns(NOUN_TABLE)


def read_nouns(table: str) -> tuple[Noun, ...]:
    """Return the nouns of a table written like NOUN_TABLE."""
    return tuple(_noun(line) for line in table.splitlines() if line.strip())


@cache
def nouns_of(classes: str) -> tuple[Noun, ...]:
    """Return the nouns that belong to at least one of the classes, written "text|picture"."""
    wanted = set(classes.split("|"))
    found = tuple(noun for noun in nouns() if noun.classes & wanted)
    if not found:
        raise ValueError(f"no noun is in {classes}; see NOUN_TABLE")
    return found
