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
kind; "place" likes to be told where, "home" must be; "with" likes company.
"""

from dataclasses import dataclass
from functools import cache

from .inflection import english_verb

VERB_TABLE = """
sleep       | dormir      | none   | person animal |                        | place
work        | travailler  | none   | adult worker learner |                        | place with
sing        | chanter     | none   | person        |                        | place with
dance       | danser      | none   | person        |                        | place with
swim        | nager       | none   | person        |                        | with
play        | jouer       | none   | child learner pet |                        | place with
laugh       | rire        | none   | person        |                        | with
smile       | sourire     | none   | person        |                        |
cry         | pleurer     | none   | child learner |                        | place
run         | courir      | none   | person animal |                        | place
travel      | voyager     | none   | person        |                        | with
cook        | cuisiner    | none   | person        |                        | with
walk        | marcher     | none   | person animal |                        | place with
wait        | attendre    | none   | person        |                        | place with
fall        | tomber      | none   | person        |                        | être accident place
live        | habiter     | none   | person        |                        | state home with

eat         | manger      | object | person        | food                   |
drink       | boire       | object | person        | drink                  |
prepare     | préparer    | object | person        | dish lesson soup       |
taste       | goûter      | object | person        | dish drink             |
cut         | couper      | object | person        | fruit vegetable dish   |
read        | lire        | object | person        | text                   |
write       | écrire      | object | person        | message work           |
translate   | traduire    | object | adult learner | text                   |
understand  | comprendre  | object | person        | words text             | sense
explain     | expliquer   | object | person        | words                  |
learn       | apprendre   | object | child learner | lesson music           |
forget      | oublier     | object | person        | words lost             | accident
repeat      | répéter     | object | person        | said                   |
know        | connaître   | object | person        | person told building   | state
need        | avoir besoin | of    | person        | lost tool device person | state
be afraid of | avoir peur | of     | person        | wild hunter            | state
remember    | souvenir    | of     | person        | person text told show  | se state

get up      | lever       | none   | person        |                        | se
wake up     | réveiller   | none   | person        |                        | se
go to bed   | coucher     | none   | person        |                        | se
rest        | reposer     | none   | person        |                        | se place
hurry       | dépêcher    | none   | person        |                        | se
get dressed | habiller    | none   | person        |                        | se
wash oneself | laver      | none   | person        |                        | se
hide oneself | cacher     | none   | person        |                        | se place
introduce oneself | présenter | none | person      |                        | se event
hurt oneself | blesser    | none   | person        |                        | se accident
have fun    | amuser      | none   | person        |                        | se place with
get angry   | fâcher      | none   | person        |                        | se event
go for a walk | promener  | none   | person        |                        | se with

be hungry   | avoir faim  | none   | person pet    |                        | state
be thirsty  | avoir soif  | none   | person pet    |                        | state
be sleepy   | avoir sommeil | none | person        |                        | state
be right    | avoir raison | none  | person        |                        | state
be wrong    | avoir tort  | none   | person        |                        | state
have a headache | avoir mal à la tête | none | person |                     | state

see         | voir        | object | person        | person animal building plant vehicle | sense
watch       | regarder    | object | person        | show animal transport  |
look at     | regarder    | object | person        | picture person clothing plant |
listen to   | écouter     | object | person        | music person told      |
look for    | chercher    | object | person        | lost pet clothing small |
wait for    | attendre    | object | person        | person transport message |
pay for     | payer       | object | person        | costly clothing furniture |
find        | trouver     | object | person        | lost pet small answer  | event
lose        | perdre      | object | person        | lost                   | accident
buy         | acheter     | object | person        | food clothing vehicle furniture gift home |
sell        | vendre      | object | adult worker  | food clothing vehicle furniture costly plant |
choose      | choisir     | object | person        | clothing gift furniture dish | event
wear        | porter      | object | person        | clothing               |
wash        | laver       | object | person        | clothing dishes vehicle fruit |
clean       | nettoyer    | object | person        | furniture home opening vehicle |
repair      | réparer     | object | person        | vehicle device furniture toy |
break       | casser      | object | person        | dishes device toy      | accident
carry       | porter      | object | person        | container              |
open        | ouvrir      | object | person        | opening container      |
close       | fermer      | object | person        | opening container      |
paint       | peindre     | object | person        | home furniture opening |
build       | construire  | object | adult worker  | building               |
visit       | visiter     | object | person        | public                 |
draw        | dessiner    | object | person        | animal plant building person |
drive       | conduire    | object | adult worker  | vehicle                |
follow      | suivre      | object | person        | person                 |
help        | aider       | object | person        | person                 |
thank       | remercier   | object | person        | person                 | event
invite      | inviter     | object | person        | person                 | event
meet        | rencontrer  | object | person        | person                 | event
love        | aimer       | object | person        | person pet             | state
admire      | admirer     | object | person        | artist picture building | state
hate        | détester    | object | person        | wild vegetable lesson  | state generic
prefer      | préférer    | object | person        | food fruit drink       | state generic
recognise   | reconnaître | object | person        | person                 | event
receive     | recevoir    | object | person        | message given          | event
feed        | nourrir     | object | person        | pet farm               |
have        | avoir       | object | person        | thing pet relation     | state
chase       | poursuivre  | object | hunter        | prey                   |
hide        | cacher      | object | person        | gift small             |
keep        | garder      | object | person        | gift small             |
use         | utiliser    | object | person        | device tool dishes     |
order       | commander   | object | person        | dish drink             |
finish      | finir       | object | person        | text lesson work       |
hear        | entendre    | object | person        | music animal person    | sense

talk to     | parler      | to     | person        | person                 | with
answer      | répondre    | to     | person        | person                 |
phone       | téléphoner  | to     | person        | person                 |
obey        | obéir       | to     | child learner | adult                  |
write to    | écrire      | to     | person        | person                 |
smile at    | sourire     | to     | person        | person                 |
lie to      | mentir      | to     | person        | person                 |

talk about  | parler      | of     | person        | person text show words building | with
dream of    | rêver       | of     | person        | building costly        |

give        | donner      | give   | person        | gift small food        |
send        | envoyer     | give   | person        | message gift           |
show        | montrer     | give   | person        | picture thing text building |
lend        | prêter      | give   | person        | thing vehicle          |
sell        | vendre      | give   | adult worker  | costly furniture       |
offer       | offrir      | give   | person        | gift given             |
read        | lire        | give   | person        | text                   |
write       | écrire      | give   | person        | message                |
explain     | expliquer   | give   | person        | words                  |
tell        | raconter    | give   | person        | story told             |
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
