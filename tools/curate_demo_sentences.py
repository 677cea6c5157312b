"""Chooses the demo corpus's sentences from GoEmotions, and the word vectors that they need from GloVe.

    python tools/curate_demo_sentences.py GOEMOTIONS_FOLDER GLOVE_50D_FILE

GOEMOTIONS_FOLDER holds the data set's train.tsv, dev.tsv, test.tsv and labels.txt. The output is committed under
can_tf/corpus/data; this program is there to show, and to repeat, how it was made. A sentence is kept if it is short and
plain, in everyday words, and free of names, insults and heavy subjects; the last were judged by reading all of them.
"""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

DATA = Path(__file__).parents[1] / "can_tf" / "corpus" / "data"
LABELS = {
    "anger": "ang",
    "excitement": "exc",
    "joy": "hap",
    "sadness": "sad",
    "annoyance": "fru",
    "disappointment": "fru",
    "surprise": "sur",
    "neutral": "neu",
}
WANTED = {"ang": 300, "exc": 240, "hap": 240, "sad": 270, "fru": 440, "sur": 110, "neu": 480}  # At most.
FEWEST_WORDS, MOST_WORDS = 3, 15
CONTRACTIONS = ("n't", "'s", "'re", "'ve", "'ll", "'d", "'m")

# A sentence with a word that begins like one of these is left out.
UNWANTED = """
abort abus abuse abusive account addict admin af africa alcohol amazon amen america american amp anal android angel
angels anus arab army arrest arse asia ass assault asshole attack autis babe balls bastard beast bed beer bible
bigot bitch blade bleed blonde blood bloody bomb bong boob boomer boomers bot bra brainwash breast brew british
brutal bs btw budget bull bullet burn butt butthurt california canada canadian cancer catholic cemetery chad channel
chicago chick chicks china chinese christ cia cigarette cocaine cock coke communis conservative convicted corpse
covid coward cowboys crap crazier crazies creep crim cringe crip cuck cult cunt damn dead death dem democrat demon
deport depress devil diarrhea dick dictator died dipshit disab discriminat disease disgust disorder dope douche
downvot downvotes drank dropout drug drunk eagles economy elect endurance english ethnic eu europe evil ex execut
facebook fag fake_news fascis fat fb fbi federal females feminin feminis feminist fetish flag florida french fuck
funeral g gamer gaslight gay gender genitals genocid german ghetto ghost god goddamn google gop govern grave gross
gt gun guns hangover harass haters hatred heck hell her_skin heroin high hitler hoe hog holocaust holy homeless homo
horny hospital hostage hottie http idiot idk illegal im imbecil immigra imo incel india instagram insult iphone irs
islam japan jerk jew jews jihad joint karma kill killed killer killing kills kink knife lad lads lesbian liberal
libert liberty lmao lobster lol london loser lover lsd lynch madden maga manipulat marijuana masculin masturb media
meme memes mexic millennial minimum minister misery mistress mlb mod moderator mods molest moron mortal murder
muslim n naked narciss nasty national navy nazi nba negro netflix nfl nhl nhs nigg norms nsa nude nudity nut nuts
obama ocd omg op oppress oppressor orgas overdos packers pain_killer paralysis pastor patriot pedo penguins penis
pill pills piss poison police politic poop porn pot prayer praying preach pregnan president prick priest prison
prostit psych psycho pub puff punch puss queer racis racism rap rape rapey rapist recreational reddit refugee rehab
reich relapse religio removed repost republican retard retarded rights riot rip rn rob romantic russia satan scam
screw scum sensual sex sexy shit shoot shorts shot simp sjw skank skin skinny slav slave slut smh smok snort
snowflake sob sobriety socialis society soldier soo soul sperm spit stab stalk starv stfu stink stoned strangl strip
sub subreddit subs subscriber suck sue suicid suing surg swear taliban tank tax taxes tbh terror texas theolog
therap thief thong thot threat thug tit tldr toronto tortur torture toxic tran traum tribe troll troops trump tumor
twat twitter tyran u ufc ugly uk undress upvot upvotes ur usa username vaccin vagina vap vape vegan veteran victim
vile violen virgin virus vodka vomit vote voter voting w wank war wasted wealthy weapon weed whin whining whore
witchcraft witchhunt wound wreck wrist wtf wwe www xbox y ya york youtube yt
""".split()

# Read and found unsuitable: out of context an insult or a name, of a heavy subject, or hard to understand.
EXCLUDED_IDS = """
eczd40x eczhfhm ed02d1x ed1elgk ed22fyg ed2enk8 ed3839n ed3h3xi ed3qtgz ed41f9o ed452gx ed4djas ed4y9y8 ed79utt
ed7agsa ed7zsc2 ed8bpht ed8evlm ed8gihq ed8oovj ed8vsxg ed9gmtf eda1xwx edar4fs edbbiz0 edbgab2 edc37yv edc5bm6
eddpp1t ede1su9 edf5ggi edghuit edgy8gh edh0xyq edhnoy8 edkfl23 edm5u83 edm6gdi edmd9tg edmu7gq ednbf6v edo1mus
edoha88 edot2cu edrb24b edse9bc edsg5t7 edszl1a edt8m9r edufdiq eduw6c2 edv1id6 edv6u1c edvggyj edw2eix edw3a6u
edwkuan edwr3cq edww55n edxcfte edz3h0r edzh6bc edzo6po ee05ptl ee0nj5d ee0qnz8 ee1evdb ee1t7hd ee2qnkr ee3kb9y
ee3mw0h ee3n735 ee3ny8m ee3qpzm ee4dkee ee4ej03 ee58yfx ee5dxo3 ee5is72 ee5p45c ee5pxrn ee61t4b ee74qtw ee78esm
ee7xq0o ee8h47p ee8k6di ee8xyo7 ee95vz0 ee9amsf ee9jm1h eeaus9m eebfurv eebt875 eebzgi2 eeciv20 eecn9ym eed0ko7
eed6zel eedl0ig eednfda eeeoccv eefgmb2 eeg5nxa eeggqs5 eegulbi eegviob eeh042l eeh1oy6 eehrvws eei7ovl eejvzru
eek2bir eek89ki eelqvli eemi335 eemkugc eemlyky een5sns een6zc5 eendx2p eenf5ac eeo73g9 eepawzc eepzhzp eeqbw8p
eerhzbr ees65vo ees6h29 ees8weu eesnkdk eesu8o8 eetcfkp eetd9hf eethl2z eeu5k4v eeugosp eeup450 eeuy8ts eev7aa3
eewms2i eexubdp eexuxuv eeze41v eezn85n eezrvz8 eezvpdn ef0rwjg ef1dl7u ef1wsmt ef1z2v4 ef24e53 ef2n7oz ef2ymse
ef2yyf2 ef3khri ef3s8ai ef3ztmj ef4bx0g ef4e3zp ef4n4vp ef5438c ef6huzn ef6njbc ef6xfd3 ef7pkej ef90bop ef9xx4d
efaovyd efb71xm efcx01d efefln5 efemrrg efenjxu efeo5e9 efer6hq efesa8z efey60a eff15gg effcb64 efg5qmi efg6gs7
efgsl18 efh1c2y efh7r6k efh9tex efhcm78
""".split()


@click.command()
@click.argument("goemotions", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("glove", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=DATA)
def main(goemotions: Path, glove: Path, out: Path) -> None:
    """Write demo_sentences.tsv and demo_glove.50d.txt."""
    comments = list(_comments(goemotions))
    known = {line.split(" ", 1)[0] for line in glove.read_text(encoding="utf-8").splitlines()}
    names = _names(text for _, text, _ in comments)
    chosen: dict[str, tuple[str, str]] = {}
    counts: Counter[str] = Counter()
    for label, text, id_ in sorted(comments, key=lambda comment: hashlib.sha256(comment[2].encode()).hexdigest()):
        sentence = _sentence(text, known, names)
        if sentence and id_ not in EXCLUDED_IDS and sentence not in chosen and counts[label] < WANTED[label]:
            chosen[sentence] = (label, id_)
            counts[label] += 1
    rows = sorted((label, sentence, id_) for sentence, (label, id_) in chosen.items())
    (out / "demo_sentences.tsv").write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    _write_vectors(glove, {word for _, sentence, _ in rows for word in sentence.split()}, out / "demo_glove.50d.txt")
    click.echo(", ".join(f"{label} {counts[label]}" for label in WANTED))


def _comments(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yields label, text and id of each comment that was given one label, and one that counts here."""
    emotions = (folder / "labels.txt").read_text(encoding="utf-8").split()
    for part in ("train", "dev", "test"):
        with (folder / f"{part}.tsv").open(encoding="utf-8", newline="") as file:
            for text, numbers, id_ in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                labels = {LABELS.get(emotions[int(number)]) for number in numbers.split(",")}
                if len(labels) == 1 and (label := labels.pop()) is not None:
                    yield label, text, id_


def _names(texts: Iterator[str]) -> set[str]:
    """Returns words that mostly have a capital where a sentence does not begin."""
    capital, small = Counter[str](), Counter[str]()
    for text in texts:
        for before, word in re.findall(r"(\S+)\s+([A-Za-z]+)", text):
            if before[-1].isalpha() or before[-1] == ",":
                (capital if word[0].isupper() else small)[word.lower()] += 1
    return {word for word, count in capital.items() if count > small[word]} - {"i"}


def _sentence(text: str, known: set[str], names: set[str]) -> str | None:
    """Returns the words of a comment that is short and plain, None for another."""
    plain = (text.lower() if text.isupper() else text).replace("\u2019", "'").replace("\u2026", "...").strip()
    if not re.fullmatch(r"[A-Za-z][A-Za-z',.!?; -]*", plain):
        return None
    words = re.sub(r"[,;-]", " ", re.sub(r"[.!?]+", " . ", plain)).split()
    # A capital where no sentence begins is a name.
    good = all(
        word[1:] == word[1:].lower() and (word[0].islower() or word.split("'")[0] == "I" or before == ".")
        for before, word in zip([".", *words], words, strict=False)
        if word != "."
    )
    words = [word for word in words if word != "."]
    lower = [word.lower() for word in words]
    good = good and FEWEST_WORDS <= len(words) <= MOST_WORDS
    if not good or any(word in names for word in lower) or not all(_known(word, known) for word in lower):
        return None
    if any(word == bad or (len(bad) > 4 and word.startswith(bad)) for word in lower for bad in UNWANTED):
        return None
    return " ".join(lower)


def _known(word: str, known: set[str]) -> bool:
    for part in CONTRACTIONS:
        if word.endswith(part):
            stem = {"can't": "can", "won't": "will", "shan't": "shall"}.get(word, word[: -len(part)])
            return stem in known
    return word in known and "'" not in word


def _write_vectors(glove: Path, words: set[str], path: Path) -> None:
    parts = {part for word in words for part in (word.split("'")[0], word[:-3], word)} | set(CONTRACTIONS)
    lines = glove.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.split(" ", 1)[0] in parts | {"ca", "wo"}]
    path.write_text("".join(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
