"""The verbs: both languages, who may do it, to what, and how the two languages build it.

A row: English with its particle, French, frame, subject classes, object classes, flags.
Frames, with the object in brackets:
  none     it sleeps
  object   English verb + particle [object], French verb [object]: look for it, le chercher
  to       English verb + particle [person], French verb à [person]: talk to him, lui parler
  of       English verb + particle [object], French verb de [object]: talk about it
  give     English verb [thing] to [person], French verb [thing] à [person]
Flags: "être" is the auxiliary of the perfect; "se" makes the French verb reflexive; "state" has
no progressive and its past is the French imperfect; "sense" has no progressive; "event" has no
present either, being over at once; "accident" has no future either; "generic" speaks of all of a
kind; "place" likes to be told where (in the open, if
"outdoors"), "home" must be; "with" likes company; "daily" is done so
often that nobody says "last year"; "timeless" is not said of
the future; "named" never has a pronoun for an object that was not named.
A French complement is written out: "faire de le sport" is printed "faire du sport".
"""

from dataclasses import dataclass
from functools import cache

from .inflection import english_verb

VERB_TABLE = """
sleep       | dormir      | none   | person animal |                        | place daily
work        | travailler  | none   | adult worker learner |                        | place with
sing        | chanter     | none   | person        |                        | place with
dance       | danser      | none   | person        |                        | place with
swim        | nager       | none   | person        |                        | with
play        | jouer       | none   | child learner pet |                        | place with
laugh       | rire        | none   | person        |                        | with daily
smile       | sourire     | none   | person        |                        | daily
cry         | pleurer     | none   | child learner |                        | place daily
run         | courir      | none   | person animal |                      | place daily outdoors
travel      | voyager     | none   | person        |                        | with
cook        | cuisiner    | none   | person        |                        | with
walk        | marcher     | none   | person animal |                     | place with daily outdoors
wait        | attendre    | none   | person        |                        | place with daily
fall        | tomber      | none   | person        |                        | être accident place
live        | habiter     | none   | person        |                        | state home with

eat         | manger      | object | person        | food                   | daily
drink       | boire       | object | person        | drink                  | daily
prepare     | préparer    | object | person        | dish lesson            | daily
taste       | goûter      | object | person        | dish drink             | daily
cut         | couper      | object | person        | fruit vegetable dish solid | daily
read        | lire        | object | person        | text                   |
write       | écrire      | object | person        | message work           |
translate   | traduire    | object | adult learner | text                   |
understand  | comprendre  | object | person        | words text             | sense
explain     | expliquer   | object | person        | words                  |
learn       | apprendre   | object | child learner | lesson music           |
forget      | oublier     | object | person        | words lost told        | accident
repeat      | répéter     | object | person        | said                   |
know        | connaître   | object | person | person told building true music | state timeless
need        | avoir besoin | of    | person        | lost tool device worker relation | state
be afraid of | avoir peur | of     | person        | wild hunter person     | state timeless
remember    | souvenir    | of     | person  | person text told show music words | se state timeless

get up      | lever       | none   | person        |                        | se daily
wake up     | réveiller   | none   | person        |                        | se daily
go to bed   | coucher     | none   | person        |                        | se daily
rest        | reposer     | none   | person        |                        | se place daily
hurry       | dépêcher    | none   | person        |                        | se daily
get dressed | habiller    | none   | person        |                        | se daily
wash oneself | laver      | none   | person        |                        | se daily
hide oneself | cacher     | none   | person        |                        | se place daily
introduce oneself | présenter | none | person      |                        | se event daily
hurt oneself | blesser    | none   | person        |                        | se accident
have fun    | amuser      | none   | person        |                        | se place with daily
get angry   | fâcher      | none   | person        |                        | se event daily
go for a walk | promener  | none   | person        |                        | se with daily

be hungry   | avoir faim  | none   | person pet    |                        | state
be thirsty  | avoir soif  | none   | person pet    |                        | state
be sleepy   | avoir sommeil | none | person        |                        | state
be right    | avoir raison | none  | person        |                        | state timeless
be wrong    | avoir tort  | none   | person        |                        | state timeless
have a headache | avoir mal à la tête | none | person |                     | state
have toothache | avoir mal à les dents | none | person |                    | state
be cold     | avoir froid | none   | person pet    |                        | state
be hot      | avoir chaud | none   | person pet    |                        | state
be ashamed  | avoir honte | none   | person        |                        | state timeless
be lucky    | avoir de la chance | none | person   |                        | state
have lunch  | déjeuner    | none   | person        |                        | with daily
have dinner | dîner       | none   | person        |                        | with daily
have a shower | prendre une douche | none | person |                        | daily
do the shopping | faire les courses | none | person |                       | with daily
do the washing-up | faire la vaisselle | none | person |                    | with daily
do sport    | faire de le sport | none | person    |                        | with
go cycling  | faire de le vélo | none | person     |                        | with
do judo     | faire de le judo | none | person     |                        | with
make progress | faire des progrès | none | person  |                        |
make noise  | faire de le bruit | none | person    |                        | daily
play football | jouer à le football | none | person |                       | with daily
play cards  | jouer à les cartes | none | person   |                        | with daily
play the piano | jouer de le piano | none | person |                        | with daily

see         | voir        | object | person        | person animal building plant vehicle | sense
watch       | regarder    | object | person        | show animal transport  | daily
look at     | regarder    | object | person        | picture person clothing plant | daily
listen to   | écouter     | object | person        | music person story     | daily
look for    | chercher    | object | person        | lost pet clothing small | daily
wait for    | attendre    | object | person        | person transport message | daily
pay for     | payer       | object | person        | costly clothing furniture |
find        | trouver     | object | person        | lost pet small answer  | event
lose        | perdre      | object | person        | lost                   | accident
buy         | acheter     | object | person       | food clothing vehicle furniture gift home decor|
sell        | vendre      | object | adult worker | food clothing vehicle furniture costly decor|
choose      | choisir     | object | person        | clothing gift furniture dish decor | event
wear        | porter      | object | person        | clothing               | daily
wash        | laver       | object | person        | clothing dishes vehicle fruit vegetable | daily
clean       | nettoyer    | object | person        | furniture home opening vehicle decor |
repair      | réparer     | object | person        | vehicle device furniture toy |
break       | casser      | object | person        | dishes device toy      | accident
carry       | porter      | object | person        | load                   | daily
open        | ouvrir      | object | person        | opening container      | daily
close       | fermer      | object | person        | opening container      | daily
paint       | peindre     | object | person        | home furniture opening |
build       | construire  | object | adult worker  | building               |
visit       | visiter     | object | person        | public                 | named
draw        | dessiner    | object | person        | animal plant building person |
drive       | conduire    | object | adult worker  | motor                  |
follow      | suivre      | object | person        | person                 | daily
help        | aider       | object | person        | person                 |
thank       | remercier   | object | person        | person                 | event daily
invite      | inviter     | object | person        | person                 | event
meet        | rencontrer  | object | person        | person                 | event
love        | aimer       | object | person        | person pet             | state timeless
admire      | admirer     | object | person        | artist picture building | state timeless
hate        | détester    | object | person        | wild vegetable lesson  | state generic timeless
prefer      | préférer    | object | person        | food fruit drink       | state generic timeless
recognise   | reconnaître | object | person        | person                 | event
receive     | recevoir    | object | person        | message given          | event
feed        | nourrir     | object | person        | pet farm               | daily
have        | avoir       | object | person        | thing pet relation     | state
chase       | poursuivre  | object | hunter        | prey                   | daily
hide        | cacher      | object | person        | gift small             | daily
keep        | garder      | object | person        | gift small hidden      | event
use         | utiliser    | object | person        | device tool dishes     |
order       | commander   | object | person        | dish drink             | daily
finish      | finir       | object | person        | text lesson work       |
hear        | entendre    | object | person        | music animal person    | sense daily

talk to     | parler      | to     | person        | person                 | with
answer      | répondre    | to     | person        | person                 | daily
phone       | téléphoner  | to     | person        | person                 | daily
obey        | obéir       | to     | child learner | adult                  |
write to    | écrire      | to     | person        | person                 |
smile at    | sourire     | to     | person        | person                 | daily
lie to      | mentir      | to     | person        | person                 |

talk about  | parler      | of     | person        | person text show words building | with
dream of    | rêver       | of     | person        | home public costly island |

give        | donner      | give   | person        | gift small food        |
send        | envoyer     | give   | person        | message gift           |
show        | montrer     | give   | person        | picture thing text building |
lend        | prêter      | give   | person        | thing vehicle          |
sell        | vendre      | give   | adult worker  | costly furniture       |
offer       | offrir      | give   | person        | gift given             |
read        | lire        | give   | person        | text                   |
write       | écrire      | give   | person        | message                |
explain     | expliquer   | give   | person        | words                  |
tell        | raconter    | give   | person        | told                   |
tell        | dire        | give   | person        | true                   | named
return      | rendre      | give   | person        | lost small vehicle     |
sing        | chanter     | give   | person        | song music             |
"""

TRAVEL_TABLE = """
go              | aller       | to   | person            | être
come            | venir       | from | person            | être
return          | rentrer     | from | person            | être
arrive          | arriver     | at   | person transport  | être
stay            | rester      | at   | person            | être
leave           | partir      | none | person transport  | être
go out          | sortir      | none | person            | être
"""


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A verb in both languages, in one of its frames."""

    english: str
    particle: str
    french: str
    frame: str
    subjects: frozenset[str]
    objects: frozenset[str]
    flags: frozenset[str]

    @property
    def infinitive(self) -> str:
        """The French verb itself: avoir, of avoir faim."""
        return self.french.partition(" ")[0]

    @property
    def complement(self) -> str:
        """What follows the French verb as a part of it: faim, of avoir faim."""
        return self.french.partition(" ")[2]

    @property
    def reflexive(self) -> bool:
        """True for verbs with se; they take être."""
        return "se" in self.flags

    @property
    def auxiliary(self) -> str:
        """The French auxiliary of the perfect: "avoir" or "être"."""
        return "être" if self.flags & {"être", "se"} else "avoir"

    @property
    def tenseless(self) -> bool:
        """True where English has one form for present and past: they read, they cut."""
        return english_verb(self.english, "past") == self.english

    @property
    def momentary(self) -> bool:
        """True for what is not going on for a while: it has no progressive."""
        return bool(self.flags & {"event", "accident", "sense"})

    @property
    def state(self) -> bool:
        """True for what lasts: no progressive, and a past in the French imperfect."""
        return "state" in self.flags


def _verb(line: str) -> Verb:
    english, french, frame, subjects, objects, flags = (cell.strip() for cell in line.split("|"))
    base, _, particle = english.partition(" ")
    return Verb(
        english=base,
        particle=particle,
        french=french,
        frame=frame,
        subjects=frozenset(subjects.split()),
        objects=frozenset(objects.split()),
        flags=frozenset(flags.split()),
    )


@cache
def verbs() -> tuple[Verb, ...]:
    """Return every verb that says what somebody does, in the table's order."""
    return tuple(_verb(line) for line in VERB_TABLE.splitlines() if line.strip())


@cache
def verbs_of(frame: str) -> tuple[Verb, ...]:
    """Return the verbs of one frame."""
    return tuple(verb for verb in verbs() if verb.frame == frame)


@cache
def travels() -> tuple[Verb, ...]:
    """Return the verbs of going and staying; their `objects` say which place phrase follows."""
    found = []
    for line in TRAVEL_TABLE.splitlines():
        if line.strip():
            english, french, place, subjects, flags = (cell.strip() for cell in line.split("|"))
            found.append(_verb(f"{english}|{french}|none|{subjects}|{place}|{flags}"))
    return tuple(found)
