"""Words that the training split shows exactly so many times, and nothing else shows by chance."""

from functools import cache

from .lexicon_nouns import Noun, read_nouns

# How often the training split shows each word of the line: five nouns a line.
RARE_TABLE = {
    1: """
squirrel    | écureuil m      | animal wild
candle      | bougie f        | thing small gift
glove       | gant m          | thing clothing gift
peach       | pêche f         | food fruit countable
curtain     | rideau m        | thing decor
""",
    2: """
owl         | chouette f      | animal wild
hammer      | marteau m       | thing small tool
belt        | ceinture f      | thing clothing gift
onion       | oignon m        | food vegetable countable
ladder      | échelle f       | thing furniture
""",
    4: """
fox         | renard m        | animal wild
guitar      | guitare f       | thing gift device
necklace    | collier m       | thing clothing gift
plum        | prune f         | food fruit countable
basket      | panier m        | thing small container load vessel
""",
    8: """
goat        | chèvre f        | animal farm
violin      | violon m        | thing gift device
tie         | cravate f       | thing clothing gift
mushroom    | champignon m    | food vegetable countable
towel       | serviette f     | thing small lost
""",
    16: """
tiger       | tigre m         | animal wild
drum        | tambour m       | thing gift toy
ring        | bague f         | thing clothing gift
lemon       | citron m        | food fruit countable
frog        | grenouille f    | animal wild
""",
    32: """
donkey      | âne m           | animal farm
pillow      | oreiller m      | thing decor
wheelbarrow | brouette f      | thing small tool
pancake     | crêpe f         | food dish countable sugary warm
needle      | aiguille f      | thing small tool
""",
}


@cache
def rare_nouns() -> tuple[tuple[Noun, int], ...]:
    """Return every rare noun with how often the training split shows it."""
    return tuple((noun, shown) for shown, table in RARE_TABLE.items() for noun in read_nouns(table))
